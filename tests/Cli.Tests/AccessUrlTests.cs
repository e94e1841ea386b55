namespace Coder.Mesh.Cli.Tests;

public sealed class AccessUrlTests : CliTest
{
    [Fact]
    public async Task The_access_url_is_shown_set_and_taken_back()
    {
        await Check("access-url-show-none", "access-url", "show");
        await Check("access-url-set", "access-url", "set", "https://mesh.example.com");
        await Check("access-url-show-json", "access-url", "show", "-o", "json");
        await Check("access-url-unset", "access-url", "set", "");

        Assert.Equal("", Server.Deployment.Only.AccessUrl);
    }

    [Fact]
    public async Task A_new_providers_agent_is_to_dial_it()
    {
        Server.Providers.AccessUrl = "https://mesh.example.com";

        var run = await Mesh.Run(["providers", "create", "us-east-1"]);

        Assert.Contains("mesh-agent --access-url https://mesh.example.com ", run.Stdout, StringComparison.Ordinal);
        Assert.Contains("--access-url https://mesh.example.com", run.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("this machine only", run.Stdout, StringComparison.Ordinal);
    }
}
