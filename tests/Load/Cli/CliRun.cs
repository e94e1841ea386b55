using System.Diagnostics;
using System.Runtime.InteropServices;
using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Cli;

/// <summary>
/// Runs commands of `mesh` one after the other, and those of another version in turn with them, so that noise meets
/// both.
/// </summary>
internal sealed partial class CliRun(CliOptions options, TimeProvider time, Action<string> say)
{
    private const int Children = -1;

    private static readonly (string Name, string[] Arguments)[] Commands =
    [
        ("version", ["version"]),
        ("workspaces ls", ["workspaces", "ls"]),
        ("workspaces ls -o json", ["workspaces", "ls", "-o", "json"]),
        ("completion of a name", ["[suggest]", "mesh providers show "]),
    ];

    public async Task<CliResult> Run(CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(Limits.Cli);
        using var folder = new RunFolder(say);
        var product = new ControlPlane(options.ControlPlane, folder.Sub("data"), time);
        say("starting the control plane");
        await using var server = await product.Start(late.Token);
        var environment = new Dictionary<string, string?>
        {
            ["MESH_ADDRESS"] = server.Address.GetLeftPart(UriPartial.Authority),
            ["MESH_TOKEN_FILE"] = Path.Combine(server.DataFolder!, "admin-token"),
            ["MESH_TOKEN"] = null,
            ["MESH_CONTEXT"] = null,
            ["HOME"] = folder.Path,
        };
        var figures = new List<CliFigures>();
        foreach (var (name, arguments) in Commands)
        {
            say($"mesh {name}");
            figures.Add(await Measure(name, arguments, environment, late.Token));
        }

        return new CliResult(MachineFacts.Read(), options, figures);
    }

    private async Task<CliFigures> Measure(
        string name,
        string[] arguments,
        Dictionary<string, string?> environment,
        CancellationToken ct
    )
    {
        var (mesh, baseline) = (new List<Sample>(), new List<Sample>());
        // The first of each reads its files from the disk, and isn't counted.
        for (var i = 0; i <= options.Runs; i++)
        {
            mesh.Add(await Once(options.Mesh, arguments, environment, ct));
            if (options.Baseline is { } other)
                baseline.Add(await Once(other, arguments, environment, ct));
        }

        return new CliFigures(name, CliCost.Of(mesh.Skip(1)), baseline.Count > 0 ? CliCost.Of(baseline.Skip(1)) : null);
    }

    private async Task<Sample> Once(
        string program,
        string[] arguments,
        Dictionary<string, string?> environment,
        CancellationToken ct
    )
    {
        var before = ChildrenCpu();
        var started = time.GetTimestamp();
        await using (
            var process = ChildProcess.Start("mesh", [program, .. arguments], environment, readsOutput: false, time)
        )
        {
            await process.WaitForExit(ct);
            if (process.ExitCode != 0)
                throw process.Failed($"{string.Join(' ', arguments)} ended with exit code {process.ExitCode}");
        }

        return new Sample(ChildrenCpu() - before, time.GetElapsedTime(started));
    }

    /// <summary>CPU time of the children that have ended. The control plane is none of them: it runs on.</summary>
    private static TimeSpan ChildrenCpu()
    {
        if (GetUsage(Children, out var usage) != 0)
            throw new LoadException($"getrusage failed ({Marshal.GetLastPInvokeErrorMessage()}).");
        return TimeSpan.FromSeconds(usage.UserSeconds + usage.SystemSeconds)
            + TimeSpan.FromMicroseconds(usage.UserMicroseconds + usage.SystemMicroseconds);
    }

    [LibraryImport("libc", EntryPoint = "getrusage", SetLastError = true)]
    private static partial int GetUsage(int who, out Usage usage);

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Usage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;
        public fixed long Others[14];
    }
}

internal readonly record struct Sample(TimeSpan Cpu, TimeSpan Elapsed);
