using System.Globalization;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Ends processes that earlier servers of the same folder left running. Requires the folder's lock.</summary>
internal sealed class ServerProcesses(
    ClusterPaths paths,
    string socketFolder,
    TimeSpan stopTimeout,
    TimeProvider time,
    ILogger logger
)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan OrphanPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Dying = TimeSpan.FromSeconds(3);

    private readonly string _initDbArgument = InitDbArgument(paths);
    private readonly string _title = $"postgres: {paths.ClusterName}: ";

    private static bool CanSeeProcesses => Directory.Exists("/proc/self");

    public static string InitDbArgument(ClusterPaths paths) => $"--pgdata={paths.Unfinished}";

    /// <summary>Ends all of them, so that a new server can be started.</summary>
    public async Task Clear(CancellationToken ct)
    {
        await StopServer(ct);
        await EndOrphans(ct);
        if (!CanSeeProcesses || !Directory.Exists(paths.Data))
            return;
        // Left by a server that has ended. PostgreSQL removes such files, unless they are empty or their process id
        // belongs to another process by now.
        File.Delete(PostmasterFile.In(paths.Data));
        SocketFolder.Clear(socketFolder);
    }

    /// <summary>Ends an initdb whose control plane was killed, before its incomplete database is removed.</summary>
    public async Task EndCreation(CancellationToken ct)
    {
        List<int> Creations() => Find(arguments => arguments.Contains(_initDbArgument));
        Signal(Creations(), Native.SignalKill);
        await Ended(Creations, Dying, ct);
    }

    private async Task StopServer(CancellationToken ct)
    {
        // The path as it was passed to the server, which may be a different one.
        var recorded = PostmasterFile.Read(paths.Data)?.DataFolder ?? paths.Data;
        List<int> Servers() =>
            Find(arguments =>
                Path.GetFileName(arguments[0]) is "postgres" or "postmaster"
                && (arguments.Contains(paths.Data) || arguments.Contains(recorded))
            );

        if (Servers() is not [var first, ..])
            return;
        logger.StoppingLeftover(first);
        Signal(Servers(), Native.SignalInterrupt);
        if (await Ended(Servers, stopTimeout, ct))
            return;
        logger.StopTookTooLong(first, stopTimeout.TotalSeconds);
        Signal(Servers(), Native.SignalQuit);
        if (await Ended(Servers, Dying, ct))
            return;
        Signal(Servers(), Native.SignalKill);
        await Ended(Servers, Dying, ct);
    }

    // Children of a killed server end when they notice it. One in a long computation may not for a while; it holds the
    // shared memory, so that PostgreSQL refuses to start.
    private async Task EndOrphans(CancellationToken ct)
    {
        List<int> Orphans() => Find(arguments => arguments[0].StartsWith(_title, StringComparison.Ordinal));
        if (await Ended(Orphans, OrphanPatience, ct))
            return;
        logger.EndingOrphans(Orphans().Count);
        Signal(Orphans(), Native.SignalQuit);
        if (await Ended(Orphans, Dying, ct))
            return;
        Signal(Orphans(), Native.SignalKill);
        await Ended(Orphans, Dying, ct);
    }

    private static void Signal(List<int> processes, int signal)
    {
        foreach (var process in processes)
            Native.Signal(process, signal);
    }

    private async Task<bool> Ended(Func<List<int>> running, TimeSpan limit, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        while (running().Count > 0)
        {
            if (time.GetElapsedTime(since) > limit)
                return false;
            await Task.Delay(Poll, time, ct);
        }
        return true;
    }

    private static List<int> Find(Predicate<string[]> isMeant)
    {
        if (!CanSeeProcesses)
            return []; // PostgreSQL's own checks remain
        return
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(folder =>
                    int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0
                )
                .Where(id => id > 0 && CommandLine(id) is { Length: > 0 } arguments && isMeant(arguments)),
        ];
    }

    // Readable by every user, unlike the working directory; empty for a zombie process.
    private static string[] CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // ended in between
        }
    }
}
