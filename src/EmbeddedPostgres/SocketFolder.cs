using System.Security.Cryptography;
using System.Text;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>The private folder of the server's Unix-domain socket: who may enter it may use the database.</summary>
internal static class SocketFolder
{
    private const int LongestSocketPath = 107;
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

    /// <summary>Where an earlier <see cref="Prepare"/> put it.</summary>
    public static string Of(ClusterPaths paths) => Fits(paths.Socket) ? paths.Socket : Recorded(paths) ?? paths.Socket;

    /// <summary>Removes the socket of a server that is gone. Its lock file names a process, whose number may be another's by now.</summary>
    public static void Clear(string folder)
    {
        File.Delete(Path.Combine(folder, SocketName));
        File.Delete(Path.Combine(folder, SocketName + ".lock"));
    }

    /// <summary>Leaves nothing outside of the data folder.</summary>
    public static void Remove(ClusterPaths paths)
    {
        if (Recorded(paths) is not { } folder)
            return;
        Directory.Delete(folder, recursive: true);
        File.Delete(paths.SocketRecord);
    }

    /// <summary>The kernel bounds a socket's path; commas and colons mean lists to PostgreSQL and its clients.</summary>
    public static bool Fits(string folder) =>
        Encoding.UTF8.GetByteCount(Path.Combine(folder, SocketName)) <= LongestSocketPath
        && folder.AsSpan().IndexOfAny(",:\"") < 0;

    private static string? Recorded(ClusterPaths paths) =>
        File.Exists(paths.SocketRecord)
        && File.ReadAllText(paths.SocketRecord).Trim() is { Length: > 0 } folder
        && PrivateFolder.Is(folder)
            ? folder
            : null;

    private static string MakeElsewhere()
    {
        // Root's runtime folder is closed to the user that root steps down to.
        var runtime = Native.UserId == 0 ? null : Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        var parent =
            runtime is { Length: > 0 and < 60 } && Fits(runtime) && Directory.Exists(runtime) ? runtime : "/tmp";
        while (true)
        {
            // A name that can't be foreseen, made only if new: in /tmp anybody could have put a folder of theirs there.
            var folder = Path.Combine(parent, "coder-mesh-" + RandomNumberGenerator.GetHexString(12, lowercase: true));
            if (Native.TryMakePrivateFolder(folder))
                return folder;
        }
    }
}
