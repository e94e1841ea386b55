namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Keys of event streams, which are also the ids of their snapshots.</summary>
internal static class StreamKeys
{
    public const string Deployment = "deployment";

    public static string Provider(string providerId) => $"provider-{providerId}";

    public static string Presence(string providerId) => $"presence-{providerId}";

    public static string Organization(string organizationId) => $"organization-{organizationId}";

    public static string Workspace(string workspaceId) => $"workspace-{workspaceId}";

    /// <summary>The id in a key of <see cref="Provider"/> or <see cref="Presence"/>; null if it is another stream's.</summary>
    public static string? ProviderOf(string key) => After("provider-", key) ?? After("presence-", key);

    /// <summary>The id in a key of <see cref="Workspace"/>; null if it is another stream's.</summary>
    public static string? WorkspaceOf(string key) => After("workspace-", key);

    /// <summary>The id in a key of <see cref="Organization"/>; null if it is another stream's.</summary>
    public static string? OrganizationOf(string key) => After("organization-", key);

    private static string? After(string prefix, string key) =>
        key.StartsWith(prefix, StringComparison.Ordinal) ? key[prefix.Length..] : null;
}
