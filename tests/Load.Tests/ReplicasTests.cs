using Coder.Mesh.Load.Replicas;

namespace Coder.Mesh.Load.Tests;

public sealed class ReplicasTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Of_two_replicas_one_is_killed_and_all_agents_go_on_at_the_other_without_an_Error()
    {
        var options = new ReplicasOptions
        {
            ControlPlane = Product.Executable,
            Agents = 40,
            Creates = 20,
            CreatesWithoutNotify = 2,
        };

        var result = await new ReplicasRun(options, TimeProvider.System, output.WriteLine).Run(
            TestContext.Current.CancellationToken
        );

        // Not the times: those are for a quiet machine.
        output.WriteLine(result.Table());
        Assert.True(result.Complete, result.Table());
        Assert.Equal(0, result.Errors);
        Assert.InRange(result.Moved.Count, 1, options.Agents);
    }
}
