using System.Globalization;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Reads and changes what holds for the whole deployment.</summary>
internal sealed class DeploymentOperations(DeploymentCommands commands, DeploymentView view)
{
    public async Task<Result<GetDeploymentResponse>> Get(CancellationToken ct) =>
        new GetDeploymentResponse { Deployment = await Read(ct) };

    public Task<Result<SetAccessUrlResponse>> SetAccessUrl(
        SetAccessUrlRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        new Fields()
            .AccessUrl(request.AccessUrl)
            .Etag(request.Etag)
            .RequestId(request.RequestId)
            .Then(() =>
                commands.SetAccessUrl(
                    Writes.By(by, request, request.RequestId),
                    AccessUrls.Normalize(request.AccessUrl),
                    request.Etag,
                    ct
                )
            )
            .Map(async written => new SetAccessUrlResponse
            {
                Deployment = await Read(ct),
                Unchanged = written.Unchanged,
            });

    private async Task<Coder.Mesh.V1.Deployment> Read(CancellationToken ct)
    {
        var deployment = await view.Read(ct);
        return new Coder.Mesh.V1.Deployment
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
