using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tests.Providers;

public sealed class ForgetTests : CliTest
{
    private const string Reason = "the cluster burnt down";

    [Fact]
    public async Task Forget_confirmed_by_name_tells_what_is_lost_and_how_to_clean_up()
    {
        Server.Providers.All.Add(Sample.Moved());

        await Check(
            "providers-forget",
            ["providers", "forget", "eu-west-1", "--reason", Reason, "--confirm", "eu-west-1"]
        );

        Assert.Equal(
            new ForgetProviderRequest
            {
                Provider = Sample.Moved().Id,
                ConfirmName = "eu-west-1",
                Reason = Reason,
            },
            Server.Providers.Changed
        );
    }

    [Fact]
    public async Task Forget_is_refused_where_it_is_not_in_error_unless_forced()
    {
        Server.Providers.All.Add(Sample.Pending("us-east-1"));
        string[] forget = ["providers", "forget", "us-east-1", "--reason", Reason, "--confirm", "us-east-1"];

        await Check("providers-forget-refused", forget);
        await Check("providers-forget-forced", [.. forget, "--force", "-o", "json"]);

        Assert.True(Assert.IsType<ForgetProviderRequest>(Server.Providers.Changed).Force);
    }

    [Theory]
    [InlineData("providers-forget-unasked")]
    [InlineData("providers-forget-yes", "--yes")]
    [InlineData("providers-forget-other-name", "--confirm", "us-east-1")]
    [InlineData("providers-forget-by-id", "--confirm", "0198c1de-0000-7000-8000-000000000002")]
    public async Task Forget_needs_the_name_where_nobody_can_be_asked(string name, params string[] more)
    {
        Server.Providers.All.Add(Sample.Broken());

        await Check(name, ["providers", "forget", "eu-west-1", "--reason", Reason, .. more]);

        Assert.Empty(Server.Writes);
    }

    [Fact]
    public async Task Forget_without_a_reason_is_a_usage_error() =>
        await Check("providers-forget-no-reason", "providers", "forget", "eu-west-1");

    [Theory]
    [InlineData("eu-west-1", 0)]
    [InlineData("eu-west", 2)]
    [InlineData("yes", 2)]
    public async Task Terminal_asks_for_the_name(string typed, int exitCode)
    {
        Server.Providers.All.Add(Sample.Broken());

        var run = await PseudoTerminal.Answer(Mesh, typed, "providers forget eu-west-1 --reason gone");

        Assert.Contains("Type the name of the provider (eu-west-1) to continue:", run.Stdout, StringComparison.Ordinal);
        Assert.Equal((exitCode, exitCode == 0 ? 1 : 0), (run.ExitCode, Server.Writes.Count));
    }

    [Fact]
    public async Task Terminal_does_not_ask_with_yes()
    {
        Server.Providers.All.Add(Sample.Broken());

        var run = await PseudoTerminal.Answer(Mesh, "", "providers forget eu-west-1 --reason gone --yes");

        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("Type the name", run.Stdout, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("y", 0)]
    [InlineData("YES", 0)]
    [InlineData("", 2)]
    [InlineData("n", 2)]
    public async Task Terminal_asks_for_a_yes(string typed, int exitCode)
    {
        Server.Providers.All.Add(Sample.Moved());

        var run = await PseudoTerminal.Answer(Mesh, typed, "providers accept-cluster eu-west-1");

        Assert.Contains("Accept it? [y/N]", run.Stdout, StringComparison.Ordinal);
        Assert.Equal((exitCode, exitCode == 0 ? 1 : 0), (run.ExitCode, Server.Writes.Count));
    }
}
