using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Deployment;

/// <summary>Reads the deployment's record: id, default provider and access URL.</summary>
internal sealed class DeploymentView(StoreSessions sessions)
{
    private string? _id;

    /// <summary>The deployment's id. It never changes and is read once.</summary>
    public async ValueTask<string> Id(CancellationToken ct) => _id ??= (await Read(ct)).DeploymentId;

    public async Task<string> DefaultProviderId(CancellationToken ct) => (await Read(ct)).DefaultProviderId;

    public async Task<MeshDeployment> Read(CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.LoadAsync<MeshDeployment>(StreamKeys.Deployment, ct)
            ?? throw new InvalidOperationException("The deployment has not been initialized.");
    }
}
