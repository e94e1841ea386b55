using Coder.Mesh.ControlPlane.Storage;
using JasperFx.Events;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>Maps the author of an event to the API.</summary>
internal static class ActorMapping
{
    public static (Proto.ActorKind Kind, string Id) ActorOf(this IEvent stored) =>
        Actor.Of(stored.UserName) is { } actor ? (ToProto(actor.Kind), actor.Id) : (Proto.ActorKind.Unspecified, "");

    private static Proto.ActorKind ToProto(ActorKind kind) =>
        kind switch
        {
            ActorKind.User => Proto.ActorKind.User,
            ActorKind.Agent => Proto.ActorKind.Agent,
            _ => Proto.ActorKind.ControlPlane,
        };
}
