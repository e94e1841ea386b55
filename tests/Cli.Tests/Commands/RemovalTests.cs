using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Commands;

/// <summary>Whatever takes something away for good says what, and asks.</summary>
public sealed class RemovalTests : CliTest
{
    private const string Token = "0198c1e0000070008000000000000001";

    public static TheoryData<string, string> Removals =>
        new()
        {
            { "workspaces", "workspaces rm dev web" },
            { "workspace", "workspace delete dev" },
            { "providers", "providers rm us-east-1" },
            { "orgs", "orgs rm acme" },
            { "contexts", "contexts rm prod" },
            { "tokens", $"tokens rm {FakeTokens.Other}" },
            { "revoke-token", $"providers revoke-token eu-west-1 {Token}" },
        };

    [Theory]
    [MemberData(nameof(Removals))]
    public async Task Where_nobody_can_be_asked_it_names_yes_and_changes_nothing(string name, string command)
    {
        Populate();
        var contexts = await Contexts();

        await Check($"removal-unasked-{name}", command.Split(' '));

        Assert.Empty(Server.Writes);
        Assert.Equal(contexts, await Contexts());
    }

    [Theory]
    [MemberData(nameof(Removals))]
    public async Task On_a_terminal_it_asks(string name, string command)
    {
        Populate();
        var contexts = await Contexts();

        var no = await PseudoTerminal.Answer(Mesh, "n", command);
        Assert.Equal((2, 0), (no.ExitCode, Server.Writes.Count));
        Assert.Equal(contexts, await Contexts());
        var yes = await PseudoTerminal.Answer(Mesh, "y", command);

        Assert.Equal(0, yes.ExitCode);
        Assert.Contains("this cannot be undone", no.Stdout, StringComparison.Ordinal);
        Assert.Contains("Remove? [y/N]", no.Stdout, StringComparison.Ordinal);
        if (name == "contexts")
            Assert.DoesNotContain("prod", await Contexts(), StringComparison.Ordinal);
        else
            Assert.NotEmpty(Server.Writes);
    }

    [Fact]
    public async Task Home_disks_are_named_before_anything_is_removed()
    {
        Populate();

        var one = await Mesh.Run("workspaces", "rm", "dev");
        var two = await Mesh.Run("workspaces", "rm", "dev", "web");

        Assert.Contains("workspace \"dev\" will be removed, home disk included", one.Stderr, StringComparison.Ordinal);
        Assert.Contains(
            "workspaces \"dev\", \"web\" will be removed, home disks included",
            two.Stderr,
            StringComparison.Ordinal
        );
    }

    private void Populate()
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Moved(), Sample.Pending("us-east-1")]);
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in"));
        Server.Workspaces.All.AddRange([
            Sample.Workspace("dev", WorkspaceState.Running),
            Sample.Workspace("web", WorkspaceState.Stopped),
        ]);
        var folder = Directory.CreateDirectory(Path.Combine(Mesh.Home, ".config", "coder-mesh")).FullName;
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            """{ "contexts": { "prod": { "address": "https://a.example", "token": "mat_a" } } }"""
        );
    }

    private Task<string> Contexts() =>
        File.ReadAllTextAsync(
            Path.Combine(Mesh.Home, ".config", "coder-mesh", "config.json"),
            TestContext.Current.CancellationToken
        );
}
