using System.Diagnostics;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>
/// The folder of one test. When it goes, so does every process that was started for it, and their PostgreSQL.
/// </summary>
/// <remarks>
/// A shell does it, when the other end of its input is closed: by the test's end, or by the operating system when the
/// test's process was killed.
/// </remarks>
internal sealed class Scratch : IAsyncDisposable
{
    /// <summary>Stands in the environment of each process of a test, by which they are found.</summary>
    public const string Marker = "TEST_SCRATCH_FOLDER";

    private const string CleanUp = """
        cat >/dev/null
        for environ in $(grep -lsF "$2=$1" /proc/[0-9]*/environ); do
            pid=${environ#/proc/}
            kill -9 "${pid%/environ}" 2>/dev/null
        done
        find "$1" -name postmaster.pid 2>/dev/null | while read -r file; do
            pid=$(head -n 1 "$file")
            tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$1" || continue
            kill -QUIT "$pid" 2>/dev/null
            tries=0
            while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
                tries=$((tries + 1))
                sleep 0.1
            done
        done
        rm -rf "$1"
        """;

    private readonly Process _cleaner;

    public Scratch()
    {
        Folder = Directory.CreateTempSubdirectory("mesh-e2e-").FullName;
        var start = new ProcessStartInfo("/bin/sh", ["-c", CleanUp, "sh", Folder, Marker])
        {
            RedirectStandardInput = true,
        };
        _cleaner = Process.Start(start)!;
    }

    public string Folder { get; }

    public string this[string name] => Path.Combine(Folder, name);

    public async ValueTask DisposeAsync()
    {
        _cleaner.StandardInput.Close();
        await _cleaner.WaitForExitAsync();
        _cleaner.Dispose();
    }
}
