using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>What a newcomer meets: <c>./build.sh run</c>, after it has built.</summary>
public sealed partial class RunTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_prints_commands_that_work_leaves_no_process_and_keeps_the_data()
    {
        await using var scratch = new Scratch();

        var options = Ports();

        var first = await Start(scratch, options);
        var commands = await PrintedCommands(first);
        Assert.Equal(3, commands.Count);
        var said = "";
        foreach (var command in commands)
            said = await Shell(scratch, first, command);
        Assert.Matches(Running(), said);
        await StopsWithoutATrace(scratch, first);

        var second = await Start(scratch, options);
        await Shell(scratch, second, $"until {commands[2]} | grep -w dev | grep -w running; do sleep 0.1; done");
        // Its own commands work as the first one's did, beside what is there.
        foreach (var command in await PrintedCommands(second))
            said = await Shell(scratch, second, command);
        Assert.Matches(@"(?m)^\s*dev\s", said);
        Assert.Matches(@"(?m)^\s*dev-2\s.*\brunning\b", said);
        await StopsWithoutATrace(scratch, second);
    }

    [Fact]
    public async Task Run_starts_again_however_the_built_in_provider_is_named_cordoned_and_used_and_its_commands_work()
    {
        await using var scratch = new Scratch();
        var options = Ports();
        var first = await Start(scratch, options);
        var mesh = (await PrintedCommands(first))[0][..^"providers ls".Length];
        foreach (
            var command in (string[])
                [
                    "providers create elsewhere --token-out elsewhere.token",
                    "providers set-default elsewhere",
                    "providers rename built-in here",
                    "providers cordon here --reason maintenance",
                    // First of all in a list.
                    "providers create aaa --token-out aaa.token",
                ]
        )
            await Shell(scratch, first, mesh + command);
        await StopsWithoutATrace(scratch, first);

        var second = await Start(scratch, options);

        var commands = await PrintedCommands(second);
        Assert.EndsWith(" providers uncordon here", commands[1], StringComparison.Ordinal);
        Assert.EndsWith(" workspaces create dev --wait --provider here", commands[2], StringComparison.Ordinal);
        var said = "";
        foreach (var command in commands)
            said = await Shell(scratch, second, command);
        Assert.Matches(Running(), said);
        await StopsWithoutATrace(scratch, second);
    }

    [Fact]
    public async Task Agent_that_is_killed_ends_the_run_which_says_how_and_where_the_log_is()
    {
        await using var scratch = new Scratch();
        var run = await Start(scratch, Ports());

        var agent = Assert.Single(
            Processes(scratch, run.Id),
            p => p.Contains("/mesh-agent ", StringComparison.Ordinal)
        );
        Signals.Send(int.Parse(agent.Split(' ')[0], CultureInfo.InvariantCulture), PosixSignalNumber.Kill);

        await EndsByItself(scratch, run, "run: the agent was ended by signal 9 (SIGKILL).");
    }

    [Fact]
    public async Task Agent_that_cannot_start_ends_the_run_which_says_how_why_and_where_the_log_is()
    {
        await using var scratch = new Scratch();
        var environment = Environment(scratch);
        environment["MESH_SIMULATED_DELAY"] = "soon";

        var run = ChildProcess.Start(scratch, "setsid", [Artifacts.RunScript, .. Ports()], environment);

        await EndsByItself(
            scratch,
            run,
            "run: the agent has ended by itself with exit code 2.",
            "MESH_SIMULATED_DELAY (--simulated-delay): \"soon\" must be a time"
        );
    }

    private static async Task EndsByItself(Scratch scratch, ChildProcess run, params string[] said)
    {
        Assert.Equal(1, await run.ExitWithOutput(Ct));
        var log = Path.Combine(scratch["xdg"], "coder-mesh/logs/agent.log");
        Assert.All(
            said.Append($"run: the whole log is {log}"),
            text => Assert.Contains(text, run.Output.Talk, StringComparison.Ordinal)
        );
        Assert.Empty(Processes(scratch, run.Id));
    }

    [Fact]
    public void Run_builds_the_programs_and_what_they_are_made_of_and_nothing_else()
    {
        var folder = Path.GetDirectoryName(Artifacts.BuildScript)!;
        var built = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "eng/run.slnf")))!["solution"]!["projects"]!;

        Assert.Equal(
            Directory
                .EnumerateFiles(Path.Combine(folder, "src"), "*.csproj", SearchOption.AllDirectories)
                .Select(p => Path.GetRelativePath(folder, p))
                .Order(StringComparer.Ordinal),
            built.AsArray().Select(p => p!.GetValue<string>())
        );
        Assert.Single(
            File.ReadLines(Artifacts.BuildScript),
            l => l.TrimStart().StartsWith("dotnet build eng/run.slnf ", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("--grpc-port=80a", "--grpc-port takes a port from 1 to 65535, not '80a'")]
    [InlineData("--grpc-port=0", "--grpc-port takes a port from 1 to 65535, not '0'")]
    [InlineData("--grpc-port", "--grpc-port needs a value")]
    [InlineData("--grpc-port=", "--grpc-port needs a value")]
    [InlineData("--grpc-port --http-port", "--grpc-port needs a value")]
    [InlineData("--grcp-port 8081", "no option named --grcp-port")]
    [InlineData("--grpc-port=12001 --http-port=12001", "port 12001 is chosen twice")]
    [InlineData("--data-folder=/proc/nowhere", "the data folder /proc/nowhere can't be written")]
    public async Task Options_are_checked_before_anything_is_built(string options, string complaint)
    {
        await using var scratch = new Scratch();
        // A dotnet that builds nothing and leaves a trace.
        Directory.CreateDirectory(scratch["bin"]);
        await File.WriteAllTextAsync(scratch["bin/dotnet"], "#!/bin/sh\ntouch \"$0.called\"\n", Ct);
        File.SetUnixFileMode(scratch["bin/dotnet"], (UnixFileMode)0b111_101_101);
        var path = $"{scratch["bin"]}:{System.Environment.GetEnvironmentVariable("PATH")}";

        var run = ChildProcess.Start(
            scratch,
            Artifacts.BuildScript,
            ["run", .. Ports().Concat(options.Split(' '))],
            [.. Environment(scratch), new("PATH", path)]
        );

        Assert.Equal(1, await run.ExitWithOutput(Ct));
        Assert.Contains(complaint, run.Output.Talk, StringComparison.Ordinal);
        Assert.False(File.Exists(scratch["bin/dotnet.called"]));
    }

    private static async Task<ChildProcess> Start(Scratch scratch, string[] options)
    {
        // A session, and so a process group, of its own, as a terminal gives.
        var run = ChildProcess.Start(scratch, "setsid", [Artifacts.RunScript, .. options], Environment(scratch));
        await run.Line("Ctrl-C stops everything", Ct, TimeSpan.FromMinutes(2));
        return run;
    }

    private static async Task StopsWithoutATrace(Scratch scratch, ChildProcess run)
    {
        // Control plane, agent and PostgreSQL at the least: what is looked for is what is found.
        Assert.InRange(Processes(scratch, run.Id).Count, 4, int.MaxValue);

        run.InterruptGroup();
        Assert.Equal(0, await run.ExitWithOutput(Ct));

        Assert.Empty(Processes(scratch, run.Id));
    }

    /// <summary>The commands that it says to try, with what has to be set before.</summary>
    private static async Task<IReadOnlyList<string>> PrintedCommands(ChildProcess run)
    {
        await run.Line("Ctrl-C stops everything", Ct);
        var printed = run.Output.Data[run.Output.Data.IndexOf("Try, in another terminal", StringComparison.Ordinal)..];
        var lines = printed.Split('\n').Where(l => l.StartsWith("  ", StringComparison.Ordinal)).Select(l => l.Trim());
        var (settings, commands) = (new StringBuilder(), new List<string>());
        foreach (var line in lines)
        {
            if (line.StartsWith("export ", StringComparison.Ordinal))
                settings.Append(line).Append("; ");
            else
                commands.Add(settings + line);
        }

        return commands;
    }

    private static async Task<string> Shell(Scratch scratch, ChildProcess run, string command)
    {
        var shell = ChildProcess.Start(scratch, "/bin/sh", ["-c", command], Environment(scratch));
        Assert.True(await shell.ExitWithOutput(Ct) == 0, $"{command}:\n{shell.Output.Tail}\n{run.Output.Tail}");
        return shell.Output.Data;
    }

    /// <summary>Everything that a run has started: of its session, with its environment, or on its data.</summary>
    private static List<string> Processes(Scratch scratch, int session)
    {
        var found = new List<string>();
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(p[^1])))
        {
            try
            {
                var command = File.ReadAllText($"{process}/cmdline").Replace('\0', ' ');
                var marked = File.ReadAllText($"{process}/environ")
                    .Contains($"{Scratch.Marker}={scratch.Folder}", StringComparison.Ordinal);
                // After the name in parentheses: state, parent, group, session.
                var stat = File.ReadAllText($"{process}/stat");
                var itsSession = int.Parse(
                    stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3],
                    CultureInfo.InvariantCulture
                );
                var onItsData = command.Contains($"-D {scratch.Folder}", StringComparison.Ordinal);
                if (marked || onItsData || itsSession == session)
                    found.Add($"{Path.GetFileName(process)} {command}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Gone meanwhile, or another user's.
            }
        }

        return found;
    }

    private static Dictionary<string, string> Environment(Scratch scratch) =>
        new() { ["XDG_DATA_HOME"] = scratch["xdg"] };

    private static string[] Ports() =>
        // One as people write it who have learned it elsewhere.
        ["--grpc-port", Port(), "--http-port", Port(), "--management-port", Port(), $"--agent-health-port={Port()}"];

    private static string Port() => FreePorts.Take().ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?m)^\s*dev\s.*\brunning\b", RegexOptions.IgnoreCase)]
    private static partial Regex Running();
}
