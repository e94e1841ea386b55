using Coder.Mesh.ControlPlane.Orphans;
using Google.Protobuf.WellKnownTypes;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>Maps orphans to the API.</summary>
internal static class OrphanMapping
{
    public static Proto.Orphan ToProto(Orphan orphan) =>
        new()
        {
            WorkspaceId = orphan.WorkspaceId,
            Generation = (ulong)orphan.Generation,
            State = WorkspaceMapping.ToProto(orphan.State),
            Name = orphan.Name,
            Spec = WorkspaceMapping.ToProto(orphan.Spec),
            StorageClass = orphan.StorageClass,
            FirstSeenTime = Timestamp.FromDateTimeOffset(orphan.FirstSeen),
            LastSeenTime = Timestamp.FromDateTimeOffset(orphan.LastSeen),
        };
}
