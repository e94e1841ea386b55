namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Keys of event streams, which are also the ids of their snapshots.</summary>
internal static class StreamKeys
{
    public const string Deployment = "deployment";
    public const string ProviderPrefix = "provider-";
    public const string PresencePrefix = "presence-";
    public const string OrganizationPrefix = "organization-";
    public const string WorkspacePrefix = "workspace-";

    public static string Provider(string providerId) => ProviderPrefix + providerId;

    public static string Presence(string providerId) => PresencePrefix + providerId;

    public static string Organization(string organizationId) => OrganizationPrefix + organizationId;

    public static string Workspace(string workspaceId) => WorkspacePrefix + workspaceId;

    /// <summary>
    /// Returns the id in a key of <see cref="Provider"/> or <see cref="Presence"/>; null for other streams.
    /// </summary>
    public static string? ProviderOf(string key) => After(ProviderPrefix, key) ?? After(PresencePrefix, key);

    /// <summary>Returns the id in a key of <see cref="Workspace"/>; null for other streams.</summary>
    public static string? WorkspaceOf(string key) => After(WorkspacePrefix, key);

    /// <summary>Returns the id in a key of <see cref="Organization"/>; null for other streams.</summary>
    public static string? OrganizationOf(string key) => After(OrganizationPrefix, key);

    private static string? After(string prefix, string key) =>
        key.StartsWith(prefix, StringComparison.Ordinal) ? key[prefix.Length..] : null;
}
