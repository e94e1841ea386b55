using System.Diagnostics;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>A server process, from its start to its end.</summary>
internal sealed class PostgresServer : IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ImmediateStop = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly OutputTail _tail = new();
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PostgresServer(ProcessStartInfo start, TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        // Not WaitForExitAsync, which also waits for the end of the pipes that the server's children keep open.
        _process.Exited += (_, _) => _exited.TrySetResult(_process.ExitCode);
    }

    public int ProcessId { get; private set; }

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Exited => _exited.Task;

    /// <summary>The last lines that the server printed before its log file was opened.</summary>
    public IReadOnlyList<string> Output => _tail.Lines();

    public static PostgresServer Launch(ProcessStartInfo start, TimeProvider time, ILogger logger)
    {
        var server = new PostgresServer(start, time, logger);
        server._process.Start();
        server.ProcessId = server._process.Id;
        server._process.StandardInput.Close();
        // Both end with the pipes, and fail only if the pipes do.
        _ = server._tail.Follow(server._process.StandardOutput);
        _ = server._tail.Follow(server._process.StandardError);
        return server;
    }

    /// <summary>Returns true when the server accepts connections, and false if it ended or took too long.</summary>
    public async Task<bool> Ready(string dataFolder, TimeSpan limit, CancellationToken ct)
    {
        var since = _time.GetTimestamp();
        var nextProgress = ProgressEvery;
        while (!Exited.IsCompleted && _time.GetElapsedTime(since) is var elapsed && elapsed < limit)
        {
            if (PostmasterFile.Read(dataFolder) is { IsReady: true } file && file.ProcessId == ProcessId)
                return true;
            if (elapsed > nextProgress)
            {
                _logger.StillStarting(elapsed.TotalSeconds);
                nextProgress += ProgressEvery;
            }
            await Task.Delay(Poll, _time, ct);
        }
        return false;
    }

    /// <summary>
    /// Requests a fast shutdown, then an immediate one, then kills the process. Returns when it has ended.
    /// </summary>
    public async Task Stop(TimeSpan fastLimit)
    {
        if (await Ended(Native.SignalInterrupt, fastLimit) || await Ended(Native.SignalQuit, ImmediateStop))
            return;
        Kill();
        await Exited;
    }

    public void Dispose() => _process.Dispose();

    public void Kill() => Native.Signal(ProcessId, Native.SignalKill);

    private async Task<bool> Ended(int signal, TimeSpan limit)
    {
        // After the process was reaped, its id may belong to another process.
        if (!Exited.IsCompleted)
            Native.Signal(ProcessId, signal);
        try
        {
            await Exited.WaitAsync(limit, _time);
            return true;
        }
        catch (TimeoutException)
        {
            _logger.StopTookTooLong(ProcessId, limit.TotalSeconds);
            return false;
        }
    }
}
