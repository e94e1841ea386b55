using Coder.Mesh.Load.Watches;

namespace Coder.Mesh.Load.Tests;

public sealed class WatchesTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Watches_tell_every_version_of_workspaces_that_several_callers_change()
    {
        var options = new WatchOptions
        {
            ControlPlane = Product.Executable,
            Watches = 40,
            Workspaces = 10,
            Changes = 50,
            WarmUp = TimeSpan.FromSeconds(1),
            Duration = TimeSpan.FromSeconds(4),
            AfterRestart = TimeSpan.FromSeconds(2),
        };

        var result = await new WatchRun(options, TimeProvider.System, output.WriteLine).Run(
            TestContext.Current.CancellationToken
        );

        // Not the times: those are for a quiet machine.
        output.WriteLine(result.Table());
        Assert.True(result.Complete, result.Table());
        Assert.Equal((200, 100), (result.Steady.Changed, result.Restarted.Changed));
    }
}
