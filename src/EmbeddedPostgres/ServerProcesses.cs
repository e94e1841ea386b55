using System.Globalization;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Ends what earlier servers of the same folder left running. Only the holder of the folder's lock may do that.</summary>
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

    /// <summary>After this a new server may start on the folder.</summary>
    public async Task Clear(CancellationToken ct)
    {
        await StopServer(ct);
        await EndOrphans(ct);
        if (!CanSeeProcesses || !Directory.Exists(paths.Data))
            return;
        // Of a server that is gone. PostgreSQL removes such files itself, but not empty ones, nor those whose process
        // number is another process's by now.
        File.Delete(PostmasterFile.In(paths.Data));
        SocketFolder.Clear(socketFolder);
    }

    /// <summary>Ends an initdb whose control plane was killed, before its half of a database is removed.</summary>
    public async Task EndCreation(CancellationToken ct)
    {
        List<int> Creations() => Find(arguments => arguments.Contains(_initDbArgument));
        Signal(Creations(), Native.SignalKill);
        await Ended(Creations, Dying, ct);
    }

    private async Task StopServer(CancellationToken ct)
    {
        // The folder as the server was given it, which may have been by another way.
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

    // A killed server's children end by themselves when they notice. One in a long computation may not for a while, and holds
    // the shared memory; PostgreSQL then refuses to start.
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

    // Every user may read it, unlike the working folder; it is empty for a process that only waits to be reaped.
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
