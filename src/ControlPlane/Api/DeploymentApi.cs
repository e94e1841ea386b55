using System.Globalization;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
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
internal sealed class DeploymentApi(Writer writer, DeploymentView view) : DeploymentService.DeploymentServiceBase
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
        var url = AccessUrls.Normalize(request.AccessUrl);
        var ct = context.CancellationToken;
        var written = await writer.Run(
            WriteContext.Of(context, request, request.RequestId),
            _ =>
                Task.FromResult<Result<Plan>>(
                    new Plan([], (session, cancel) => Set(session, url, request.Etag, cancel))
                ),
            ct
        );
        var unchanged = written.OrThrow().Unchanged;
        return new SetAccessUrlResponse { Deployment = await Read(ct), Unchanged = unchanged };
    }

    private static async Task<Outcome> Set(WriteSession session, string url, string etag, CancellationToken ct)
    {
        var stream = await session.Documents.Events.FetchForWriting<MeshDeployment>(StreamKeys.Deployment, ct);
        var deployment = stream.Aggregate!;
        if (WriteFields.Stale(etag, deployment.Version) is { } stale)
            return stale;
        if (deployment.AccessUrl == url)
            return new Outcome.Done(deployment.DeploymentId) { Unchanged = true };
        stream.AppendOne(new AccessUrlSet(url));
        return new Outcome.Done(deployment.DeploymentId);
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
