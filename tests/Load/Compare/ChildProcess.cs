using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Coder.Mesh.Load.Compare;

/// <summary>A process that this one started and will stop.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int TailLines = 30;
    private const int Sigterm = 15;
    private const int Sigint = 2;

    private readonly Process _process;
    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly Queue<string> _tail = new();
    private readonly Lock _tailLock = new();
    private readonly Task _draining;

    private ChildProcess(Process process, string name, bool readsOutput, TimeProvider time)
    {
        _process = process;
        _name = name;
        _time = time;
        _draining = Task.WhenAll(
            Drain(process.StandardError),
            readsOutput ? Task.CompletedTask : Drain(process.StandardOutput)
        );
    }

    public int Pid => _process.Id;

    /// <param name="name">For messages.</param>
    /// <param name="command">The executable, then its arguments.</param>
    /// <param name="environment">Added to this process's own; null takes one away.</param>
    /// <param name="readsOutput">Whether <see cref="ReadLine"/> will be called until the output's end.</param>
    /// <param name="time">Bounds the stop.</param>
    public static ChildProcess Start(
        string name,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string?> environment,
        bool readsOutput,
        TimeProvider time
    )
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (key, value) in environment)
            info.Environment[key] = value;
        try
        {
            return new ChildProcess(Process.Start(info)!, name, readsOutput, time);
        }
        catch (Win32Exception e)
        {
            throw new LoadException($"{name}: can't start '{command[0]}' ({e.Message}).");
        }
    }

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task Kill(CancellationToken ct)
    {
        _process.Kill();
        await _process.WaitForExitAsync(ct);
    }

    /// <summary>SIGTERM, and waits until it is gone.</summary>
    public async Task Stop(CancellationToken ct)
    {
        _ = Kill(Pid, Sigterm);
        await _process.WaitForExitAsync(ct);
    }

    /// <returns>Null at the end of the output.</returns>
    public async Task<string?> ReadLine(CancellationToken ct) => await _process.StandardOutput.ReadLineAsync(ct);

    public Task WaitForExit(CancellationToken ct) => _process.WaitForExitAsync(ct);

    public int ExitCode => _process.ExitCode;

    public void RequireAlive()
    {
        if (_process.HasExited)
            throw Failed($"ended with exit code {_process.ExitCode}");
    }

    public LoadException Failed(string what)
    {
        lock (_tailLock)
            return new LoadException($"{_name} {what}. Its last lines:\n{string.Join('\n', _tail)}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            _ = Kill(Pid, Sigterm);
            await ExitWithin(Limits.Stop);
        }
        if (!_process.HasExited)
        {
            await Console.Error.WriteLineAsync(
                $"{_name} didn't stop in {Limits.Stop.TotalSeconds:0} s and was killed."
            );
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        // A grandchild may hold the pipes open: what it still says is of no interest.
        await Task.WhenAny(_draining, Task.Delay(TimeSpan.FromSeconds(1), _time));
        _process.Dispose();
    }

    /// <summary>
    /// Asks a PostgreSQL that its control plane left behind for its fast shutdown, and waits for that.
    /// </summary>
    public static async Task StopPostmaster(int pid, TimeProvider time)
    {
        _ = Kill(pid, Sigint);
        var started = time.GetTimestamp();
        while (Directory.Exists($"/proc/{pid}") && time.GetElapsedTime(started) < Limits.Stop)
            await Task.Delay(TimeSpan.FromMilliseconds(100), time);
    }

    private async Task ExitWithin(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit, _time);
        try
        {
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            // The caller looks whether it has ended.
        }
    }

    private async Task Drain(StreamReader reader)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                lock (_tailLock)
                {
                    _tail.Enqueue(line);
                    if (_tail.Count > TailLines)
                        _tail.Dequeue();
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // Stopped while a grandchild held the pipe.
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
