using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class KilledAgentTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_agent_that_comes_back_in_time_runs_everything_and_no_status_changes()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        var creates = new TenCreates(mesh);
        await creates.SendInTurn(5, Ct);

        var inFlight = creates.SendAtOnce(3, Ct);
        await mesh.Agent.Kill(Ct);
        await inFlight;
        await creates.SendAtOnce(2, Ct);
        Assert.Equal(10, creates.Acknowledged);
        mesh.StartSimulatedAgent();

        await creates.AssertNothingLost(Ct);
        await creates.AssertAllRun(Ct);
    }
}

public sealed class LostAgentTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_agent_is_an_error_after_the_grace_and_ready_when_it_is_back()
    {
        await using var mesh = await TestMesh.StartReady(Ct);

        await mesh.Agent.Kill(Ct);
        var detached = await mesh.UntilProvider(p => !p.Agent.Attached, "the agent is seen as detached", Ct);
        Assert.Equal((ProviderStatus.Ready, ""), (detached.Status, detached.StatusCode));
        var lost = await mesh.UntilProvider(p => p.Status != ProviderStatus.Ready, "the grace ends", Ct);
        mesh.StartSimulatedAgent();
        await mesh.UntilProvider(TestMesh.IsReady, "the agent is back", Ct);

        Assert.Equal((ProviderStatus.Error, "agent_disconnected"), (lost.Status, lost.StatusCode));
        Assert.NotEmpty(lost.StatusMessage);
        var after = lost.StatusTime.ToDateTimeOffset() - detached.Agent.SinceTime.ToDateTimeOffset();
        output.WriteLine($"Error {after.TotalSeconds:0.0} s after the detach: {lost.StatusMessage}");
        // The two times are read a moment apart, so the distance may be a little shorter than the grace.
        Assert.InRange(after, Grace - TimeSpan.FromSeconds(0.1), Grace + TimeSpan.FromSeconds(5));
    }
}
