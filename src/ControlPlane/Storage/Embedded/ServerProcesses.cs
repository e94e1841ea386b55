namespace Coder.Mesh.ControlPlane.Storage.Embedded;

/// <summary>Ends what an earlier server of the same folder left running.</summary>
internal sealed class ServerProcesses(ClusterPaths paths, TimeSpan stopTimeout, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDying = TimeSpan.FromSeconds(5);

    /// <summary>After this a new server may start on the folder. Call it only with the folder's lock in hand.</summary>
    public async Task Clear(CancellationToken ct)
    {
        await StopServer(ct);
        await EndOrphans(ct);
    }

    private async Task StopServer(CancellationToken ct)
    {
        if (PostmasterFile.Read(paths.Data) is not { } file)
            return;
        bool IsRunning() => IsServerOf(file);
        if (!IsRunning())
        {
            // Its number may be another process's by now, and then PostgreSQL would refuse to start.
            File.Delete(PostmasterFile.In(paths.Data));
            return;
        }

        logger.StoppingLeftover(file.ProcessId);
        Native.Signal(file.ProcessId, Native.SignalInterrupt);
        if (await Ended(IsRunning, stopTimeout, ct))
            return;
        logger.StopTookTooLong(file.ProcessId, stopTimeout.TotalSeconds);
        Native.Signal(file.ProcessId, Native.SignalQuit);
        if (await Ended(IsRunning, LongestDying, ct))
            return;
        Native.Signal(file.ProcessId, Native.SignalKill);
        await Ended(IsRunning, LongestDying, ct);
    }

    // A killed server's children end by themselves when they notice; one in a long query may not for a while,
    // holds the shared memory, and PostgreSQL then refuses to start.
    private async Task EndOrphans(CancellationToken ct)
    {
        if (await Ended(() => Orphans().Count > 0, Patience, ct))
            return;
        logger.EndingOrphans(Orphans().Count);
        foreach (var signal in (int[])[Native.SignalQuit, Native.SignalKill])
        {
            foreach (var orphan in Orphans())
                Native.Signal(orphan, signal);
            if (await Ended(() => Orphans().Count > 0, LongestDying, ct))
                return;
        }
    }

    private async Task<bool> Ended(Func<bool> isRunning, TimeSpan limit, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        while (isRunning())
        {
            if (time.GetElapsedTime(since) > limit)
                return false;
            await Task.Delay(Poll, time, ct);
        }
        return true;
    }

    private static bool IsServerOf(PostmasterFile file)
    {
        var arguments = CommandLine(file.ProcessId);
        return arguments.Length > 0
            && Path.GetFileName(arguments[0]) is "postgres" or "postmaster"
            && arguments.Any(a => a == file.DataFolder || a == "-D" + file.DataFolder);
    }

    private List<int> Orphans()
    {
        if (!Directory.Exists("/proc"))
            return [];
        var title = $"postgres: {paths.ClusterName}: ";
        return
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(folder => int.TryParse(Path.GetFileName(folder), out var pid) ? pid : 0)
                .Where(pid =>
                    pid > 0 && CommandLine(pid) is [var first, ..] && first.StartsWith(title, StringComparison.Ordinal)
                ),
        ];
    }

    // Readable for every user, unlike the working folder; empty for a process that only waits to be reaped.
    private static string[] CommandLine(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/cmdline")
                .TrimEnd('\0')
                .Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // ended in between
        }
    }
}
