namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Folders that only their owner can enter.</summary>
internal static class PrivateFolder
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Creates the folder if necessary, and gives it to another user if root creates it for one.</summary>
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

    /// <summary>Whether every user may pass through the folder.</summary>
    public static bool IsPassage(string path) =>
        OperatingSystem.IsWindows() || File.GetUnixFileMode(path).HasFlag(UnixFileMode.OtherExecute);
}
