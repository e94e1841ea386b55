namespace Coder.Mesh.Protocol;

/// <summary>
/// Defaults of a new workspace for what its creator leaves out. The control plane applies them; callers may show them.
/// </summary>
public static class WorkspaceDefaults
{
    /// <summary>The image. It has a user 1000 and a shell, as a workspace needs.</summary>
    public const string Image = "ubuntu:24.04";

    public const string Cpu = "1";

    public const string Memory = "2Gi";

    /// <summary>Size of the home disk.</summary>
    public const string Disk = "10Gi";
}
