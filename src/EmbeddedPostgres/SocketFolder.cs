using System.Security.Cryptography;
using System.Text;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>The private folder of the server's Unix-domain socket. Access to it is access to the database.</summary>
internal static class SocketFolder
{
    private const int MaxSocketPath = 107;
    private const string SocketName = ".s.PGSQL.5432";

    public static string Prepare(ClusterPaths paths, SystemUser? owner)
    {
        if (Fits(paths.Socket))
        {
            PrivateFolder.Ensure(paths.Socket, owner);
            return paths.Socket;
        }

        if (Recorded(paths) is { } earlier && Native.Owner(earlier) == (owner?.Uid ?? Native.UserId))
            return earlier;
        var folder = MakeElsewhere();
        if (owner is not null)
            Native.ChangeOwner(folder, owner);
        File.WriteAllText(paths.SocketRecord, folder);
        return folder;
    }

    /// <summary>Returns the folder of an earlier <see cref="Prepare"/>.</summary>
    public static string Of(ClusterPaths paths) => Fits(paths.Socket) ? paths.Socket : Recorded(paths) ?? paths.Socket;

    /// <summary>
    /// Removes the socket of a server that has ended. The process id in its lock file may belong to another process by
    /// now.
    /// </summary>
    public static void Clear(string folder)
    {
        File.Delete(Path.Combine(folder, SocketName));
        File.Delete(Path.Combine(folder, SocketName + ".lock"));
    }

    /// <summary>Removes folders outside of the data folder.</summary>
    public static void Remove(ClusterPaths paths)
    {
        if (Recorded(paths) is not { } folder)
            return;
        Directory.Delete(folder, recursive: true);
        File.Delete(paths.SocketRecord);
    }

    /// <summary>
    /// Whether a folder can be used: the kernel limits the length of a socket's path, and commas and colons separate
    /// lists in PostgreSQL and its clients.
    /// </summary>
    public static bool Fits(string folder) =>
        Encoding.UTF8.GetByteCount(Path.Combine(folder, SocketName)) <= MaxSocketPath
        && folder.AsSpan().IndexOfAny(",:\"") < 0;

    private static string? Recorded(ClusterPaths paths) =>
        File.Exists(paths.SocketRecord)
        && File.ReadAllText(paths.SocketRecord).Trim() is { Length: > 0 } folder
        && PrivateFolder.Is(folder)
            ? folder
            : null;

    private static string MakeElsewhere()
    {
        // The runtime folder of root is not accessible to the user that root switches to.
        var runtime = Native.UserId == 0 ? null : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        var parent =
            runtime is { Length: > 0 and < 60 } && Fits(runtime) && Directory.Exists(runtime) ? runtime : "/tmp";
        while (true)
        {
            // An unpredictable name that must not exist: any user can create folders in /tmp.
            var folder = Path.Combine(parent, "coder-mesh-" + RandomNumberGenerator.GetHexString(12, lowercase: true));
            if (Native.TryMakePrivateFolder(folder))
                return folder;
        }
    }
}
