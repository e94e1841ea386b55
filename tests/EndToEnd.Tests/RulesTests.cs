using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>What a site admin relies on, by the published command line and agents.</summary>
public sealed class RulesTests
{
    private const int Refused = 5;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_admin_registers_allows_cordons_rotates_and_forgets_a_provider_by_the_command_line()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        var token = mesh.FileOf("west.token");
        await mesh.Cli(
            Ct,
            "providers",
            "create",
            "west",
            "--region",
            "eu",
            "--max-workspaces",
            "1",
            "--token-out",
            token
        );
        var agent = mesh.StartAgentOf("west", token);
        await agent.Line("Attached to", Ct);
        await mesh.Cli(Ct, "orgs", "create", "science");

        var notAllowed = await mesh.CliRefused(Refused, Ct, Create("one"));
        await mesh.Cli(Ct, "orgs", "allow", "science", "west");
        await mesh.Cli(Ct, [.. Create("one"), "--wait"]);
        var full = await mesh.CliRefused(Refused, Ct, Create("two"));
        var inUse = await mesh.CliRefused(Refused, Ct, "orgs", "disallow", "science", "west");
        await mesh.Cli(Ct, "providers", "cordon", "west", "--reason", "new disks");
        var cordoned = await mesh.CliRefused(Refused, Ct, Create("two"));
        var held = await mesh.CliRefused(Refused, Ct, "providers", "rm", "west", "--yes");

        Assert.Contains("NOT_ALLOWED", notAllowed, StringComparison.Ordinal);
        Assert.Contains("built-in", notAllowed, StringComparison.Ordinal);
        Assert.Contains("AT_CAPACITY", full, StringComparison.Ordinal);
        Assert.Contains("ORGANIZATION_USES_PROVIDER", inUse, StringComparison.Ordinal);
        Assert.Contains("CORDONED: Provider \"west\" is cordoned: new disks", cordoned, StringComparison.Ordinal);
        Assert.Contains("PROVIDER_IN_USE", held, StringComparison.Ordinal);

        agent = await Rotate(mesh, token, agent);
        var forgotten = await mesh.Cli(
            Ct,
            "providers",
            "forget",
            "west",
            "--reason",
            "fire",
            "--force",
            "--confirm",
            "west"
        );
        // It deletes nothing, and says why it waits.
        await agent.Line("PROVIDER_DELETED", Ct);

        Assert.Contains("kubectl", forgotten, StringComparison.Ordinal);
        Assert.Equal("built-in", (await mesh.Provider(Ct)).Name);
        Assert.Empty(await mesh.ListWorkspaces(Ct));

        static string[] Create(string name) =>
            ["workspaces", "create", name, "--org", "science", "--provider", "west", "--image", "example/image:1"];
    }

    /// <summary>
    /// Both tokens live until the agent has attached with the new one; the old one's end is nothing to it.
    /// </summary>
    private static async Task<ChildProcess> Rotate(TestMesh mesh, string token, ChildProcess agent)
    {
        var fresh = mesh.FileOf("west-fresh.token");
        await mesh.Cli(Ct, "providers", "rotate-token", "west", "--token-out", fresh);
        var old = (await mesh.ProviderNamed("west", Ct)).Tokens[0].Id;
        File.Move(fresh, token, overwrite: true);
        await agent.Kill(Ct);
        agent = mesh.StartAgentOf("west", token);
        await agent.Line("Attached to", Ct);

        await mesh.Cli(Ct, "providers", "revoke-token", "west", old, "--yes");

        var provider = await mesh.ProviderNamed("west", Ct);
        Assert.True(provider.Agent.Attached);
        Assert.True(Assert.Single(provider.Tokens).Used);
        return agent;
    }
}
