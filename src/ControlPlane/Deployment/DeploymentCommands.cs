using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Deployment;

/// <summary>Commands that change settings of the whole deployment.</summary>
internal sealed class DeploymentCommands(CommandExecutor writer)
{
    /// <param name="url">In the form of <see cref="AccessUrls.Normalize"/>.</param>
    public Task<Result<WriteResult>> SetAccessUrl(
        WriteContext context,
        string url,
        string etag,
        CancellationToken ct
    ) =>
        writer.Run(
            context,
            _ =>
                Task.FromResult<Result<UnitOfWork>>(
                    new UnitOfWork([], (session, cancel) => Set(session, url, etag, cancel))
                ),
            ct
        );

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
}
