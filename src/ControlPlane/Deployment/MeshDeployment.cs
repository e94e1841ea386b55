namespace Coder.Mesh.ControlPlane.Deployment;

public abstract record DeploymentEvent;

public sealed record DeploymentInitialized(string DeploymentId, DateTimeOffset At) : DeploymentEvent;

public sealed record DefaultProviderSet(string ProviderId) : DeploymentEvent;

/// <param name="AccessUrl">Empty if it was taken back.</param>
public sealed record AccessUrlSet(string AccessUrl) : DeploymentEvent;

/// <summary>What holds for the whole deployment: who it is, and which provider is the default.</summary>
public sealed record MeshDeployment(string Id, string DeploymentId, string DefaultProviderId)
{
    /// <summary>Filled by the store: the version of the stream that this was folded from.</summary>
    public int Version { get; set; }

    /// <summary>Where agents and users reach the control plane; empty while nobody has said it.</summary>
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
