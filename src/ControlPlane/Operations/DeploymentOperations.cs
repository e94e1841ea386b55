using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations on settings of the whole deployment.</summary>
internal sealed class DeploymentOperations(
    DeploymentCommands commands,
    DeploymentView view,
    Subscriptions subscriptions
)
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

    /// <summary>
    /// Subscribes to changes of the deployment, such as of its default provider. The sequence does not end.
    /// </summary>
    /// <param name="resumeToken">Of an earlier subscription; empty to begin now.</param>
    public Task<Result<IAsyncEnumerable<ResourceChange>>> Watch(string resumeToken) =>
        new Fields()
            .ResumeToken(resumeToken)
            .Then(() => Task.FromResult(Result.Of(subscriptions.Subscribe(resumeToken, new DeploymentChanges()))));

    private async Task<Coder.Mesh.V1.Deployment> Read(CancellationToken ct) =>
        DeploymentMapping.ToProto(await view.Read(ct));
}
