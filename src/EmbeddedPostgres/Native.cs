using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>System calls that the base library does not offer.</summary>
internal static class Native
{
    public const int SignalNone = 0;
    public const int SignalInterrupt = 2;
    public const int SignalQuit = 3;
    public const int SignalKill = 9;

    private const int FileExists = 17;
    private const uint StatxUid = 0x8;
    private const int CurrentFolder = -100;

    public static uint UserId => GetEffectiveUserId();

    /// <summary>Returns false if the process does not exist any more.</summary>
    public static bool Signal(int processId, int signal) => Kill(processId, signal) == 0;

    public static void ChangeOwner(string path, SystemUser user)
    {
        if (ChangeOwner(path, user.Uid, user.Gid) != 0)
            throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Creates a folder that only the owner can enter; returns false if the name exists.</summary>
    public static bool TryMakePrivateFolder(string path)
    {
        if (MakeFolder(path, (uint)(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) == 0)
            return true;
        if (Marshal.GetLastPInvokeError() == FileExists)
            return false;
        throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Returns the numeric owner; null if unknown.</summary>
    public static uint? Owner(string path)
    {
        // Unlike stat, statx has the same layout on every Linux architecture: 256 bytes, stx_uid at offset 20.
        var status = new byte[256];
        if (!OperatingSystem.IsLinux() || StatX(CurrentFolder, path, 0, StatxUid, status) != 0)
            return null;
        return BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(20));
    }

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint GetEffectiveUserId();

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);

    [DllImport("libc", EntryPoint = "chown", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ChangeOwner([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint owner, uint group);

    [DllImport("libc", EntryPoint = "mkdir", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakeFolder([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatX(
        int folder,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string path,
        int flags,
        uint mask,
        byte[] status
    );
}
