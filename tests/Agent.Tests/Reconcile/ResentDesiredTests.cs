using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Tests.Fakes;

namespace Coder.Mesh.Agent.Tests.Reconcile;

public sealed class ResentDesiredTests
{
    [Fact]
    public async Task What_is_sent_again_while_an_attempt_fails_is_tried_again()
    {
        await using var server = await FakeControlPlane.Start();
        var gate = new TaskCompletionSource();
        var attempts = 0;
        var driver = new FakeDriver
        {
            OnApply = d =>
                d.WorkspaceId == "w1" && Interlocked.Increment(ref attempts) == 1 ? gate.Task : Task.CompletedTask,
        };
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Desire("w1", 1);
        Assert.Equal("w1", (await driver.NextApplied()).Desired.WorkspaceId);

        await session.Desire("w1", 1);
        // Frames are read in their order: what is applied of a later one shows that the one before was taken.
        await session.Desire("w2", 1);
        Assert.Equal("w2", (await driver.NextApplied()).Desired.WorkspaceId);
        gate.SetException(new ClusterException("field_conflict", "held", transient: false));

        Assert.Equal("w1", (await driver.NextApplied()).Desired.WorkspaceId);
    }

    [Fact]
    public async Task Removal_that_is_sent_again_while_an_attempt_is_refused_is_tried_again()
    {
        await using var server = await FakeControlPlane.Start();
        var gate = new TaskCompletionSource<bool>();
        var attempts = 0;
        var driver = new FakeDriver
        {
            OnRemove = id =>
                id == "w1" && Interlocked.Increment(ref attempts) == 1 ? gate.Task : Task.FromResult(false),
        };
        await using var agent = await RunningAgent.Start(server, driver);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Remove("w1", 1);
        Assert.Equal("w1", await driver.NextRemoved());

        await session.Remove("w1", 1);
        // Frames are handled in order: once the removal of w2 runs, the second one of w1 has been taken.
        await session.Remove("w2", 1);
        Assert.Equal("w2", await driver.NextRemoved());
        gate.SetException(new ClusterException("cluster_refused", "denied by a webhook", transient: false));

        Assert.Equal("w1", await driver.NextRemoved());
    }
}
