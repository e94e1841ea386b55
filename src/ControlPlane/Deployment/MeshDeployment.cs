using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Deployment;

public abstract record DeploymentEvent;

[EventName("deployment.initialized.v1")]
public sealed record DeploymentInitialized(string DeploymentId, DateTimeOffset At) : DeploymentEvent;

[EventName("deployment.default_provider_set.v1")]
public sealed record DefaultProviderSet(string ProviderId) : DeploymentEvent;

/// <param name="AccessUrl">Empty if it was unset.</param>
[EventName("deployment.access_url_set.v1")]
public sealed record AccessUrlSet(string AccessUrl) : DeploymentEvent;

/// <summary>The deployment's id and settings.</summary>
public sealed record MeshDeployment(string Id, string DeploymentId, string DefaultProviderId)
{
    /// <summary>Version of the stream that this state was folded from. Set by Marten.</summary>
    public int Version { get; set; }

    /// <summary>URL at which agents and users reach the control plane; empty if not set.</summary>
    public string AccessUrl { get; init; } = "";

    public static MeshDeployment? Fold(MeshDeployment? state, string key, DeploymentEvent change) =>
        (state, change) switch
        {
            (null, DeploymentInitialized e) => new MeshDeployment(key, e.DeploymentId, ""),
            (null, _) => null,
            (_, DefaultProviderSet e) => state with { DefaultProviderId = e.ProviderId },
            (_, AccessUrlSet e) => state with { AccessUrl = e.AccessUrl },
            _ => state,
        };
}
