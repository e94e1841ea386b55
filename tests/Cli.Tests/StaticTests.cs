using System.CommandLine;
using System.CommandLine.Completions;
using System.Net;
using System.Net.Sockets;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests;

/// <summary>
/// What `mesh` says about itself it knows by itself: it calls nobody, and needs neither token nor contexts.
/// </summary>
public sealed class StaticTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly MeshProcess _mesh = new();

    public StaticTests()
    {
        _listener.Start();
        _mesh.Variables["MESH_ADDRESS"] = $"http://{_listener.LocalEndpoint}";
        _mesh.Variables["MESH_TOKEN"] = FakeControlPlane.ApiToken;
        _mesh.Variables["MESH_COMPLETION_TIMEOUT"] = "60s";
    }

    public static TheoryData<string> Commands => [.. Paths("", Tree.Make())];

    public void Dispose()
    {
        _listener.Dispose();
        _mesh.Dispose();
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Help_of_every_command_calls_nobody(string command)
    {
        string[] arguments = [.. Words(command), "--help"];

        var run = await _mesh.Run(arguments);

        Assert.False(_listener.Pending(), "it has connected to the control plane");
        // The same as is kept of a run that has neither token nor control plane.
        Expected.Match($"help-{command.Replace(' ', '-')}", Expected.Transcript(arguments, run));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_is_reached_by_two_ways(string command)
    {
        var option = Printed([.. Words(command), "--help"]);
        var word = Printed(["help", .. Words(command)]);

        Assert.StartsWith("Description:", option, StringComparison.Ordinal);
        Assert.Equal(option, word);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2, "providers", "shw", "a")]
    [InlineData(2, "workspaces", "get")]
    [InlineData(2, "workspaces", "show")]
    [InlineData(2, "workspaces", "show", "a", "b")]
    [InlineData(2, "workspaces", "create", "dev", "--provder", "a")]
    [InlineData(2, "workspaces", "ls", "-o", "xml")]
    [InlineData(2, "workspaces", "ls", "--all-orgs", "--org", "acme")]
    [InlineData(2, "help", "workspaces", "crate")]
    [InlineData(2, "workspaces", "rm", "dev")]
    [InlineData(0, "help")]
    [InlineData(0, "help", "workspace", "show")]
    [InlineData(0, "workspaces", "show", "a", "b", "--help")]
    [InlineData(0, "version")]
    [InlineData(0, "--version")]
    [InlineData(0, "completion", "bash")]
    [InlineData(0, "completion", "zsh")]
    [InlineData(0, "completion", "fish")]
    [InlineData(0, "[suggest]", "mesh work")]
    [InlineData(0, "[suggest]", "mesh workspaces ls --st")]
    [InlineData(0, "[suggest]", "mesh workspaces ls -o ")]
    [InlineData(0, "[suggest]", "mesh help workspaces ")]
    public async Task Other_words_about_itself_call_nobody_either(int exitCode, params string[] arguments)
    {
        var run = await _mesh.Run(arguments);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.False(_listener.Pending(), "it has connected to the control plane");
    }

    /// <summary>None is taken for a name, whatever else stands beside it.</summary>
    [Theory]
    [MemberData(nameof(Commands))]
    public async Task An_option_that_a_command_does_not_have_is_refused_before_anything_is_done(string command)
    {
        string[] arguments = [.. Words(command), "one", "--dry-run", "--yes"];

        var run = await _mesh.Run(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("error: ", run.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("warning: ", run.Stderr, StringComparison.Ordinal);
        Assert.False(_listener.Pending(), "it has connected to the control plane");
    }

    [Theory]
    [InlineData("workspaces", "rm", "dev", "--dry-run", "--yes")]
    [InlineData("workspaces", "stop", "--all")]
    [InlineData("tokens", "rm", "a", "-x", "--yes")]
    public async Task An_option_that_a_command_does_not_have_is_named(params string[] arguments)
    {
        var run = await _mesh.Run(arguments);

        var unknown = arguments.First(word => word[0] == '-');
        Assert.StartsWith(
            $"error: `mesh {arguments[0]} {arguments[1]}` does not accept '{unknown}'",
            run.Stderr,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Contexts_that_can_not_be_read_do_not_stand_in_the_way()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_mesh.Home, ".config", "coder-mesh")).FullName;
        var ct = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(Path.Combine(folder, "config.json"), "nonsense", ct);

        var run = await _mesh.Run("contexts", "use", "--help");

        Assert.Equal((0, ""), (run.ExitCode, run.Stderr));
    }

    /// <summary>A placeholder is a word for what may be given, never a list of what there happens to be.</summary>
    [Fact]
    public void No_argument_knows_a_value()
    {
        foreach (var command in All(Tree.Make()))
        {
            Assert.All(command.Arguments, a => Assert.Empty(a.GetCompletions(CompletionContext.Empty)));
            Assert.All(
                command.Options.Where(o => o.CompletionSources.Count > 0 && o.ValueType != typeof(bool)),
                o =>
                    Assert.All(
                        o.GetCompletions(CompletionContext.Empty),
                        i => Assert.Contains(i.Label, o.Description + o.HelpName, StringComparison.Ordinal)
                    )
            );
        }
    }

    private static string Printed(string[] arguments)
    {
        using var text = new StringWriter();
        Assert.Equal(0, Tree.Make().Parse(arguments).Invoke(new InvocationConfiguration { Output = text }));
        return text.ToString();
    }

    private static IEnumerable<Command> All(Command command) => command.Subcommands.SelectMany(All).Prepend(command);

    private static string[] Words(string command) => command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Paths(string path, Command command) =>
        command.Subcommands.SelectMany(c => Paths($"{path} {c.Name}".Trim(), c)).Prepend(path);
}
