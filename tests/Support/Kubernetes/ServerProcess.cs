using System.Diagnostics;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>A server that lives no longer than this process, however that ends.</summary>
/// <remarks>
/// A shell stands between: it holds the other end of a pipe, and kills the server when this process closes it, which
/// the operating system does for one that was killed.
/// </remarks>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const string Watchdog = """
        log=$1; shift
        exec 3<&0
        "$@" </dev/null >>"$log" 2>&1 3<&- &
        child=$!
        (cat <&3 >/dev/null; kill -9 $child) >/dev/null 2>&1 &
        exec 3<&- </dev/null 2>/dev/null
        wait $child
        """;

    private readonly Process _shell;
    private readonly string _log;

    private ServerProcess(Process shell, string name, string log)
    {
        _shell = shell;
        Name = name;
        _log = log;
    }

    public string Name { get; }

    public bool Ended => _shell.HasExited;

    public static ServerProcess Start(string program, string logs, IEnumerable<string> arguments)
    {
        var name = Path.GetFileName(program);
        var log = Path.Combine(logs, $"{name}.log");
        var start = new ProcessStartInfo("/bin/sh", ["-c", Watchdog, name, log, program, .. arguments])
        {
            RedirectStandardInput = true,
        };
        return new ServerProcess(Process.Start(start)!, name, log);
    }

    /// <summary>The end of what the server has written.</summary>
    public async Task<string> LogTail(CancellationToken ct)
    {
        if (!File.Exists(_log))
            return "(nothing written)";
        await using var file = new FileStream(_log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(-Math.Min(4096, file.Length), SeekOrigin.End);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync(ct);
    }

    /// <summary>Kills the server at once, as if it had crashed, and waits for its end.</summary>
    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
    }
}
