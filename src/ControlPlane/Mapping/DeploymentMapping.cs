using System.Globalization;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;

namespace Coder.Mesh.ControlPlane.Mapping;

internal static class DeploymentMapping
{
    public static Coder.Mesh.V1.Deployment ToProto(MeshDeployment deployment) =>
        new()
        {
            Id = deployment.DeploymentId,
            Version = BuildVersion.Version,
            AccessUrl = deployment.AccessUrl,
            Etag = deployment.Version.ToString(CultureInfo.InvariantCulture),
            Commit = BuildVersion.Commit,
            MinAgentProtocolVersion = ProtocolVersion.Min,
            MaxAgentProtocolVersion = ProtocolVersion.Max,
        };
}
