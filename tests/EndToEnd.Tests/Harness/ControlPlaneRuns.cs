namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>Starts the published control plane on a database of the test's choice, on free ports.</summary>
internal static class ControlPlaneRuns
{
    public static ChildProcess Start(
        Scratch scratch,
        string[] arguments,
        params IEnumerable<(string Name, string Value)> settings
    )
    {
        var all = new Dictionary<string, string>
        {
            ["Mesh__DataFolder"] = scratch["data"],
            ["Mesh__GrpcAddress"] = "http://127.0.0.1:0",
            ["Mesh__HttpAddress"] = "http://127.0.0.1:0",
            ["Mesh__ManagementAddress"] = "http://127.0.0.1:0",
            ["HOME"] = scratch["home"],
        };
        foreach (var (name, value) in settings)
            all[name] = value;
        Directory.CreateDirectory(scratch["home"]);
        return ChildProcess.Start(scratch, Artifacts.ControlPlane, arguments, all);
    }

    /// <summary>Waits until it serves.</summary>
    /// <returns>The gRPC, JSON and management addresses.</returns>
    public static async Task<(string Grpc, string Json, string Management)> Serves(
        this ChildProcess run,
        CancellationToken ct
    )
    {
        var line = await run.Line("Serving gRPC at ", ct);
        var words = line.Split(' ')
            .Select(w => w.TrimEnd(',', ';'))
            .Where(w => w.StartsWith("http://", StringComparison.Ordinal));
        return words.ToList() is [var grpc, var json, var management]
            ? (grpc, json, management)
            : throw new InvalidOperationException(line);
    }

    /// <summary>The errors that it ended with, and that it wrote nothing else and no stack trace.</summary>
    public static async Task<string[]> EndsWithErrors(this ChildProcess run, int exitCode, CancellationToken ct)
    {
        Assert.True(await run.ExitWithOutput(ct) == exitCode, run.Output.Tail);
        var lines = run.Output.Talk.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, l => Assert.StartsWith("error: ", l, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", run.Output.Data, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", run.Output.Data, StringComparison.Ordinal);
        return lines;
    }

    public static Task<ChildProcess> Cli(
        Scratch scratch,
        string address,
        string tokenFile,
        CancellationToken ct,
        params string[] arguments
    ) =>
        Ended(
            ChildProcess.Start(scratch, Artifacts.Cli, [.. arguments, "--address", address, "--token-file", tokenFile]),
            ct
        );

    private static async Task<ChildProcess> Ended(ChildProcess process, CancellationToken ct)
    {
        Assert.True(await process.ExitWithOutput(ct) == 0, process.Output.Tail);
        return process;
    }
}
