namespace Coder.Mesh.ControlPlane.Providers;

public enum ProviderKind
{
    BuiltIn,
    Remote,
}

/// <summary>What an admin says of a provider.</summary>
public sealed record ProviderDetails(
    string ClusterAddress = "",
    string Hostname = "",
    string Region = "",
    string StorageClass = ""
);

public abstract record ProviderEvent;

public sealed record ProviderRegistered(
    string ProviderId,
    string Name,
    ProviderKind Kind,
    ProviderDetails Details,
    DateTimeOffset At
) : ProviderEvent;

/// <param name="Hash">SHA-256 of the token, in hexadecimal.</param>
public sealed record ProviderTokenIssued(string TokenId, string Hash, DateTimeOffset At) : ProviderEvent;

public sealed record ProviderTokenRevoked(string TokenId) : ProviderEvent;

public sealed record ProviderDeleted(DateTimeOffset At) : ProviderEvent;
