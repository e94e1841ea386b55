using System.Diagnostics;

namespace Coder.Mesh.Load.Storm;

/// <summary>Processes that use one processor each, as other load on the machine does.</summary>
internal sealed class SpinningProcesses : IDisposable
{
    private readonly List<Process> _processes;

    public SpinningProcesses(int count) =>
        _processes = [
            .. Enumerable
                .Range(0, count)
                .Select(_ => Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "while :; do :; done"]))!),
        ];

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Kill();
            process.Dispose();
        }
    }
}
