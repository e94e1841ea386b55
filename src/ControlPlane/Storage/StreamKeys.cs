namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Keys of event streams, which are also the ids of their snapshots.</summary>
internal static class StreamKeys
{
    public const string Deployment = "deployment";

    public static string Provider(string providerId) => $"provider-{providerId}";

    public static string Presence(string providerId) => $"presence-{providerId}";

    public static string Organization(string organizationId) => $"organization-{organizationId}";

    public static string Workspace(string workspaceId) => $"workspace-{workspaceId}";
}
