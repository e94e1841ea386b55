namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Folders that only their owner can enter.</summary>
internal static class PrivateFolder
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Makes it where it is missing, and hands it to another user when root makes it for one.</summary>
    public static void Ensure(string path, SystemUser? owner = null)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException();
        Directory.CreateDirectory(path, Mode);
        if (owner is not null)
            Native.ChangeOwner(path, owner);
    }

    public static bool Is(string path) =>
        !OperatingSystem.IsWindows() && Directory.Exists(path) && File.GetUnixFileMode(path) == Mode;

    /// <summary>Whether everybody may pass through it.</summary>
    public static bool IsPassage(string path) =>
        OperatingSystem.IsWindows() || File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherExecute);
}
