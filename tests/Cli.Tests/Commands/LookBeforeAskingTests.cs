using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Commands;

/// <summary>
/// Nobody is asked to confirm what would be refused, and with one bad name of several nothing is done.
/// </summary>
public sealed class LookBeforeAskingTests : CliTest
{
    private const string Own = FakeTokens.Own;

    public static TheoryData<string, int, string> Refused =>
        new()
        {
            { "providers forget built-in --reason gone", 5, "provider \"built-in\" is built in" },
            { "providers forget prime --reason gone", 5, "\"prime\" is the default provider" },
            { "providers forget ready --reason gone", 5, "provider \"ready\" is ready: only" },
            { "providers forget nope --reason gone", 4, "There is no provider \"nope\"" },
            { "providers rm ready built-in", 5, "provider \"built-in\" is built in" },
            { "providers rm ready prime", 5, "\"prime\" is the default provider" },
            { "providers rm ready eu-west-1", 5, "provider \"eu-west-1\" has 3 workspaces" },
            { "providers rm ready nope", 4, "There is no provider \"nope\"" },
            { "providers revoke-token ready 0198c1e00000700080000000000000ff", 4, "has no valid token 0198c1e0" },
            { "providers accept-cluster ready", 5, "no agent of another cluster" },
            { "providers orphans rm ready 0198c1e00000700080000000000000ff", 4, "has no orphan \"0198c1e0" },
            { "orgs rm acme umbrella", 5, "\"umbrella\" has 2 workspaces" },
            { "orgs rm acme nope", 4, "There is no organization \"nope\"" },
            { "workspaces rm dev nope", 4, "There is no workspace \"nope\"" },
            { "workspaces rm dev --abandon --reason gone", 5, "can still be removed by its agent" },
            { "workspaces rm lost --abandon --reason gone", 5, "has already ended: it is lost" },
            { $"tokens rm {FakeTokens.Other} nope", 4, "token \"nope\" not found" },
            { $"tokens rm {FakeTokens.Other} {Own}", 5, "is used by this command" },
            { "contexts rm prod nope neither", 2, "unknown contexts \"nope\", \"neither\"" },
        };

    /// <summary>A command that begins to ask has to come here.</summary>
    [Fact]
    public void Every_command_that_asks_has_a_case()
    {
        var asking = Commands(Tree.Make(), "").Where(c => c.Command is MeshCommand { Destructive: true });

        Assert.Equal(
            [],
            asking
                .Select(c => c.Path)
                .Where(path => !Refused.Any(r => r.Data.Item1.StartsWith(path, StringComparison.Ordinal)))
        );
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task It_refuses_without_a_question_and_changes_nothing(string command, int exitCode, string why)
    {
        Populate();

        var run = await PseudoTerminal.Answer(Mesh, "y", command);

        Assert.Contains(why, run.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("[y/N]", run.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("to continue:", run.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("cannot be undone", run.Stdout, StringComparison.Ordinal);
        Assert.Equal((exitCode, 0), (run.ExitCode, Server.Writes.Count));
        Assert.Contains(
            "prod",
            await File.ReadAllTextAsync(Config, TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    /// <summary>
    /// What was confirmed with the command is not announced: the control plane may refuse it all the same.
    /// </summary>
    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Confirmed_with_the_command_it_announces_no_loss(string command, int exitCode, string why)
    {
        Populate();
        var line = command.Split(' ');
        string[] yes = line[1] == "forget" ? ["--confirm", line[2]] : ["--yes"];

        var run = await Mesh.Run([.. line, .. yes]);

        // The real one refuses some that the one of these tests lets go.
        Assert.True(run.ExitCode is 0 || run.ExitCode == exitCode, $"{why}: {run.Stderr}");
        Assert.Matches("^(error: |[a-z]+/)", run.Stderr);
        foreach (var announced in new[] { "cannot be undone", "will be removed", "will be revoked", "will be bound" })
            Assert.DoesNotContain(announced, run.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_names_of_which_some_are_bad_say_which_and_that_nothing_was_changed()
    {
        Populate();

        var run = await PseudoTerminal.Answer(Mesh, "y", "providers rm ready built-in nope");
        var json = await PseudoTerminal.Answer(Mesh, "y", "providers rm ready built-in -o json");
        foreach (var said in new[] { "\"built-in\" is built in", "no provider \"nope\"", "info: nothing was changed" })
            Assert.Contains(said, run.Stdout, StringComparison.Ordinal);
        Assert.Contains("\"removed\": [],", json.Stdout, StringComparison.Ordinal);
        Assert.Contains("\"reason\": \"PROVIDER_BUILT_IN\"", json.Stdout, StringComparison.Ordinal);
        await Check("look-contexts", "contexts", "rm", "prod", "nope", "neither", "--yes");

        Assert.Empty(Server.Writes);
    }

    /// <summary>A script goes on past a name that is gone already.</summary>
    [Fact]
    public async Task Confirmed_by_yes_each_name_has_its_own_outcome()
    {
        Populate();

        var run = await Mesh.Run("orgs", "rm", "nope", "acme", "--yes");

        Assert.Equal(4, run.ExitCode);
        Assert.Contains("organization/acme removed", run.Stderr, StringComparison.Ordinal);
    }

    private string Config => Path.Combine(Mesh.Home, ".config", "coder-mesh", "config.json");

    private void Populate()
    {
        var (ready, prime) = (Sample.Pending("ready"), Sample.Pending("prime"));
        (ready.Status, prime.IsDefault) = (ProviderStatus.Ready, true);
        ready.Id = "0198c1de-0000-7000-8000-000000000001";
        var builtIn = Sample.BuiltIn();
        builtIn.Id = "0198c1de-0000-7000-8000-000000000009";
        Server.Providers.All.AddRange([builtIn, Sample.Moved(), ready, prime]);
        var umbrella = Sample.Organization("umbrella", "built-in");
        umbrella.UnfinishedWorkspaces = 2;
        Server.Organizations.All.AddRange([Sample.Organization("acme", "built-in"), umbrella]);
        Server.Workspaces.All.AddRange([
            Sample.Workspace("dev", WorkspaceState.Running),
            Sample.Workspace("lost", WorkspaceState.Lost),
        ]);
        Directory.CreateDirectory(Path.GetDirectoryName(Config)!);
        File.WriteAllText(
            Config,
            """{ "contexts": { "prod": { "address": "https://a.example", "token": "mat_a" } } }"""
        );
    }

    private static IEnumerable<(System.CommandLine.Command Command, string Path)> Commands(
        System.CommandLine.Command command,
        string path
    ) =>
        command.Subcommands.SelectMany(c =>
            Commands(c, $"{path} {c.Name}".Trim()).Prepend((c, $"{path} {c.Name}".Trim()))
        );
}
