using System.Diagnostics;
using System.Reflection;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>What a run of `mesh` left behind.</summary>
public sealed record MeshRun(int ExitCode, string Stdout, string Stderr);

/// <summary>Runs `mesh` as a process, with nothing of the caller's own settings.</summary>
public sealed class MeshProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private readonly string?[] _secrets;

    /// <param name="secrets">What no run may ever print.</param>
    public MeshProcess(params string?[] secrets)
    {
        _secrets = secrets;
        Directory.CreateDirectory(Home);
    }

    /// <summary>The home directory of the runs.</summary>
    public string Home { get; } = Path.Combine(Path.GetTempPath(), $"mesh-cli-tests-{Guid.NewGuid():N}");

    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>
    /// The published program where MESH_ARTIFACTS names a folder of such; else the one that was built.
    /// </summary>
    public static string Executable { get; } =
        Path.Combine(
            Environment.GetEnvironmentVariable("MESH_ARTIFACTS") is { Length: > 0 } artifacts
                ? Path.GetFullPath(artifacts)
                : Built,
            OperatingSystem.IsWindows() ? "mesh.exe" : "mesh"
        );

    private static string Built =>
        typeof(MeshProcess)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "MeshFolder")
            .Value!;

    public void Dispose() => Directory.Delete(Home, recursive: true);

    public Task<MeshRun> Run(params string[] arguments) => Piped("", arguments);

    /// <summary>Runs `mesh` with something on its stdin.</summary>
    public async Task<MeshRun> Piped(string input, params string[] arguments)
    {
        using var process = Start(Executable, arguments);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        return await Finish(process);
    }

    /// <summary>Runs a shell's command line in which $MESH is the program.</summary>
    public async Task<MeshRun> Shell(string script)
    {
        Variables["MESH"] = Executable;
        using var process = Start("/bin/sh", ["-c", script]);
        process.StandardInput.Close();
        return await Finish(process);
    }

    public Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Home,
        };
        foreach (var name in start.Environment.Keys.ToList())
            if (
                name.StartsWith("MESH_", StringComparison.Ordinal)
                || name is "XDG_DATA_HOME" or "XDG_CONFIG_HOME" or "NO_COLOR"
            )
                start.Environment.Remove(name);
        start.Environment["HOME"] = Home;
        // util-linux's script runs this one, and /bin/sh without it: some of those end at a Ctrl-C that their child
        // took.
        start.Environment["SHELL"] = "/bin/bash";
        foreach (var (name, value) in Variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public async Task<MeshRun> Finish(Process process)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var stdout = process.StandardOutput.ReadToEndAsync(patience.Token);
            var stderr = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            var run = new MeshRun(process.ExitCode, await stdout, await stderr);
            foreach (var secret in _secrets.OfType<string>())
                Assert.DoesNotContain(secret, run.Stdout + run.Stderr, StringComparison.Ordinal);
            return run;
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
