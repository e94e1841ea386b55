using System.Text.Json;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Providers;

/// <summary>Rotation and revocation of agents' tokens.</summary>
public sealed class TokenTests : CliTest
{
    [Fact]
    public async Task The_built_in_provider_s_new_token_goes_into_the_file_of_the_control_plane_s_machine()
    {
        Server.Providers.All.Add(Sample.BuiltIn());

        var run = await Check("providers-rotate-token-built-in", "providers", "rotate-token", "built-in");

        Assert.Contains("builtin-agent-token", run.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("kubectl", run.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_simulated_cluster_s_new_token_needs_no_kubectl()
    {
        var provider = Sample.Broken();
        provider.Agent.Driver = "simulated";
        Server.Providers.All.Add(provider);

        var run = await Check("providers-rotate-token-simulated", "providers", "rotate-token", "eu-west-1");

        Assert.Contains("--token-file", run.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("kubectl", run.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_prints_the_token_once_and_how_the_older_one_is_revoked()
    {
        var provider = Sample.Broken();
        provider.Tokens.Add(Sample.Token(1, used: true));
        Server.Providers.All.Add(provider);

        var run = await Check("providers-rotate-token", "providers", "rotate-token", "eu-west-1");

        Assert.Equal(2, run.Stdout.Split(FakeProviders.AgentToken).Length);
    }

    [Fact]
    public async Task Rotate_warns_of_the_token_that_made_room()
    {
        Server.Providers.All.Add(Sample.Moved());

        var run = await Check(
            "providers-rotate-token-out",
            "providers",
            "rotate-token",
            "eu-west-1",
            "--token-out",
            "new"
        );

        Assert.DoesNotContain(FakeProviders.AgentToken, run.Stdout + run.Stderr, StringComparison.Ordinal);
        Assert.Equal(FakeProviders.AgentToken + "\n", await File.ReadAllTextAsync(Path.Combine(Mesh.Home, "new"), Ct));
    }

    [Fact]
    public async Task Rotate_in_json_carries_the_token_unless_a_file_holds_it()
    {
        Server.Providers.All.Add(Sample.Broken());

        var printed = await Mesh.Run("providers", "rotate-token", "eu-west-1", "-o", "json");
        var kept = await Mesh.Run("providers", "rotate-token", "eu-west-1", "-o", "json", "--token-out", "t");

        using var json = JsonDocument.Parse(printed.Stdout);
        Assert.Equal(FakeProviders.AgentToken, json.RootElement.GetProperty("token").GetString());
        Assert.DoesNotContain(FakeProviders.AgentToken, kept.Stdout, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_for_an_unknown_provider_leaves_no_file()
    {
        var run = await Mesh.Run("providers", "rotate-token", "nowhere", "--token-out", "t");

        Assert.Equal(4, run.ExitCode);
        Assert.False(File.Exists(Path.Combine(Mesh.Home, "t")));
        Assert.Empty(Server.Writes);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("rotate-token")]
    public async Task Token_that_is_not_told_is_an_error_that_says_how_to_get_one(string verb)
    {
        Server.Providers.Told = "";
        if (verb == "rotate-token")
            Server.Providers.All.Add(Sample.Pending("us-east-1"));

        var run = await Mesh.Run("providers", verb, "us-east-1", "--token-out", "t");

        Assert.Equal((1, ""), (run.ExitCode, run.Stdout));
        Assert.Contains("mesh providers rotate-token us-east-1", run.Stderr, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(Mesh.Home, "t")));
    }

    [Fact]
    public async Task Revoke_warns_when_no_token_is_left()
    {
        Server.Providers.All.Add(Sample.Moved());
        var (old, last) = (Sample.Token(1, used: true).Id, Sample.Token(2, used: true).Id);

        await Check("providers-revoke-token", "providers", "revoke-token", "eu-west-1", old, "--yes");
        await Check("providers-revoke-token-last", "providers", "revoke-token", "eu-west-1", last, "--yes");
        await Check("providers-revoke-token-gone", "providers", "revoke-token", "eu-west-1", old, "--yes");
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;
}
