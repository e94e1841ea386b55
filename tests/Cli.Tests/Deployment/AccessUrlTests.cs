namespace Coder.Mesh.Cli.Tests.Deployment;

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

    [Theory]
    [InlineData("http://mesh.example.com:8081", true)]
    [InlineData("http://10.0.0.1:8081", true)]
    [InlineData("http://localhost:8081", false)]
    [InlineData("http://127.0.0.1:8081", false)]
    [InlineData("https://mesh.example.com", false)]
    [InlineData("", false)]
    public async Task Plain_http_to_another_machine_is_warned_of(string url, bool warned)
    {
        var run = await Mesh.Run("access-url", "set", url);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(
            warned,
            run.Stderr.Contains(
                "warning: over plain http, anyone on the network path can read",
                StringComparison.Ordinal
            )
        );
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
