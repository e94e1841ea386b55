using System.Globalization;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Proto = Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>The gRPC edge of the deployment as a whole.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class DeploymentApi(DeploymentCommands commands, DeploymentView view)
    : DeploymentService.DeploymentServiceBase
{
    public override async Task<GetDeploymentResponse> GetDeployment(
        GetDeploymentRequest request,
        ServerCallContext context
    ) => new() { Deployment = await Read(context.CancellationToken) };

    public override async Task<SetAccessUrlResponse> SetAccessUrl(
        SetAccessUrlRequest request,
        ServerCallContext context
    )
    {
        new Fields().AccessUrl(request.AccessUrl).Etag(request.Etag).RequestId(request.RequestId).ThrowIfViolated();
        var ct = context.CancellationToken;
        var written = await commands.SetAccessUrl(
            context.Write(request, request.RequestId),
            AccessUrls.Normalize(request.AccessUrl),
            request.Etag,
            ct
        );
        var unchanged = written.OrThrow().Unchanged;
        return new SetAccessUrlResponse { Deployment = await Read(ct), Unchanged = unchanged };
    }

    private async Task<Proto.Deployment> Read(CancellationToken ct)
    {
        var deployment = await view.Read(ct);
        return new Proto.Deployment
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
}
