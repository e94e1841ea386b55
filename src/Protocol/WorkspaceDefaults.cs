namespace Coder.Mesh.Protocol;

/// <summary>
/// What a new workspace is where its creator doesn't say. The control plane fills it in; callers may show it.
/// </summary>
public static class WorkspaceDefaults
{
    /// <summary>Its user 1000 exists and it has a shell: what a workspace needs, and no more.</summary>
    public const string Image = "ubuntu:24.04";

    public const string Cpu = "1";

    public const string Memory = "2Gi";

    /// <summary>Size of the home disk.</summary>
    public const string Disk = "10Gi";
}
