using System.Runtime.InteropServices;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli;

/// <summary>Turns the first Ctrl-C or SIGTERM into a cancellation; a second one ends the process at once.</summary>
internal sealed class Interrupts : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _signals;

    public Interrupts() =>
        _signals = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, c => Stop(c, ExitCodes.Interrupted)),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => Stop(c, ExitCodes.Terminated)),
        ];

    public CancellationToken Token => _stop.Token;

    /// <summary>The exit code for the signal.</summary>
    public int ExitCode { get; private set; } = ExitCodes.Interrupted;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _stop.Dispose();
    }

    private void Stop(PosixSignalContext context, int exitCode)
    {
        if (_stop.IsCancellationRequested)
            return;
        context.Cancel = true;
        ExitCode = exitCode;
        // Asynchronous: continuations must not block the signal thread, which has to handle a second signal.
        _ = _stop.CancelAsync();
    }
}
