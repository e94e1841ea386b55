using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.Tokens;

/// <summary>`mesh tokens`.</summary>
public sealed class ApiTokenTests : CliTest
{
    [Fact]
    public async Task Tokens_are_listed_and_the_one_in_use_is_marked()
    {
        await Check("tokens-ls", "tokens", "ls");
        await Check("tokens-ls-json", "token", "list", "-o", "json");
    }

    [Fact]
    public async Task Rm_revokes_others_and_never_the_one_in_use()
    {
        await Check("tokens-rm", "tokens", "rm", FakeTokens.Other, FakeTokens.Own, "gone", "--yes");

        Assert.Equal([FakeTokens.Own], Server.Tokens.All.Select(t => t.Id));
    }

    [Fact]
    public async Task Ids_are_completed()
    {
        Mesh.Variables["MESH_COMPLETION_TIMEOUT"] = "60s";

        var run = await Mesh.Run("[suggest]", "mesh tokens rm ");

        Assert.Equal($"{FakeTokens.Own}\t\n{FakeTokens.Other}\t\n", run.Stdout);
    }

    [Fact]
    public async Task Control_plane_that_is_too_old_to_tell_the_user_is_still_logged_in_to()
    {
        Server.Tokens.Unknown = true;

        await Check("tokens-old-whoami", "whoami");
        var login = await Mesh.Piped(FakeControlPlane.ApiToken, "login", Server.Address);

        Assert.Equal(0, login.ExitCode);
        Assert.StartsWith(
            $"context/127.0.0.1:{new Uri(Server.Address).Port} saved: logged in to {Server.Address}\n",
            login.Stderr,
            StringComparison.Ordinal
        );
    }
}
