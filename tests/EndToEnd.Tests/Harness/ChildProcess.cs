using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>A process that a test started. It ends with the test's <see cref="Scratch"/> at the latest.</summary>
internal sealed class ChildProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task _reading;

    private ChildProcess(Process process, string name)
    {
        (_process, Name, Id) = (process, name, process.Id);
        _reading = Output.Follow(process.StandardOutput, process.StandardError);
    }

    public string Name { get; }

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    public OutputLines Output { get; } = new();

    public static ChildProcess Start(
        Scratch scratch,
        string program,
        IEnumerable<string> arguments,
        params IEnumerable<KeyValuePair<string, string>> environment
    )
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = scratch.Folder,
        };
        foreach (var name in start.Environment.Keys.Where(IsASetting).ToList())
            start.Environment.Remove(name);
        start.Environment.TryAdd("DOTNET_ROOT", Artifacts.DotnetRoot);
        start.Environment["MESH_ARTIFACTS"] = Artifacts.Folder;
        start.Environment["NO_COLOR"] = "1";
        start.Environment[Scratch.Marker] = scratch.Folder;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new ChildProcess(process, Path.GetFileName(program));
    }

    /// <summary>The first line of its output that holds the text.</summary>
    /// <exception cref="InvalidOperationException">It ended, or the patience did, without such a line.</exception>
    public async Task<string> Line(string text, CancellationToken ct, TimeSpan? patience = null)
    {
        var limit = patience ?? Patience;
        try
        {
            return await Output.Find(line => line.Contains(text, StringComparison.Ordinal)).WaitAsync(limit, ct)
                ?? throw new InvalidOperationException($"{Name} ended without a line \"{text}\":\n{Output.Tail}");
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException(
                $"{Name} wrote no line \"{text}\" in {limit.TotalSeconds:0} s:\n{Output.Tail}"
            );
        }
    }

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task Kill(CancellationToken ct)
    {
        _process.Kill();
        await _process.WaitForExitAsync(ct);
    }

    public void Terminate() => Signals.Send(Id, PosixSignalNumber.Terminate);

    /// <summary>The process doesn't run until <see cref="Resume"/>, and doesn't know.</summary>
    public void Pause() => Signals.Send(Id, PosixSignalNumber.Stop);

    public void Resume() => Signals.Send(Id, PosixSignalNumber.Continue);

    /// <summary>As Ctrl-C in a terminal does: to the whole process group that this one leads.</summary>
    public void InterruptGroup() => Signals.Send(-Id, PosixSignalNumber.Interrupt);

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> Exit(CancellationToken ct)
    {
        try
        {
            await _process.WaitForExitAsync(ct).WaitAsync(Patience, ct);
            return _process.ExitCode;
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException(
                $"{Name} had not ended after {Patience.TotalSeconds:0} s:\n{Output.Tail}"
            );
        }
    }

    /// <summary>
    /// Waits for its end, and for all that it had to say: only for one that leaves no children behind.
    /// </summary>
    public async Task<int> ExitWithOutput(CancellationToken ct)
    {
        var code = await Exit(ct);
        await _reading.WaitAsync(Patience, ct);
        return code;
    }

    // Settings of the developer's own deployment must not reach the test's.
    private static bool IsASetting(string name) =>
        name is "KUBECONFIG" or "XDG_DATA_HOME"
        || name.EndsWith("_PROXY", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Mesh__", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("MESH_", StringComparison.Ordinal)
        || name.StartsWith("OTEL_", StringComparison.Ordinal)
        || name.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase);
}

internal enum PosixSignalNumber
{
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

internal static class Signals
{
    /// <param name="target">A process id, or the negative id of a process group.</param>
    public static void Send(int target, PosixSignalNumber signal)
    {
        if (Kill(target, (int)signal) != 0)
            throw new InvalidOperationException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Signal {signal} to {target}: error {Marshal.GetLastPInvokeError()}."
                )
            );
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int target, int signal);
}
