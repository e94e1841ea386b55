using Coder.Mesh.Load.Overload;

namespace Coder.Mesh.Load.Tests;

public sealed class OverloadTests(ITestOutputHelper output)
{
    [Fact]
    public async Task More_calls_than_there_is_room_for_are_refused_with_a_delay_and_agents_do_not_notice()
    {
        var options = new OverloadOptions
        {
            ControlPlane = Product.Executable,
            Calls = 1_400,
            Callers = 5,
            Watches = 40,
            Agents = 10,
            Strangers = 50,
            Duration = TimeSpan.FromSeconds(4),
        };

        var result = await new OverloadRun(options, TimeProvider.System, output.WriteLine).Run(
            TestContext.Current.CancellationToken
        );

        output.WriteLine(result.Table());
        // Not the times: those are for a quiet machine.
        Assert.DoesNotContain(result.Problems, p => !p.StartsWith("p99", StringComparison.Ordinal));
        Assert.True(result.Crowd.Answers.ContainsKey("TOO_MANY_CALLS"), result.Table());
    }
}
