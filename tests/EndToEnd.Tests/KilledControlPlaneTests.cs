using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class KilledControlPlaneTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_control_plane_loses_nothing_that_it_acknowledged()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        var creates = new TenCreates(mesh);
        await creates.SendInTurn(4, Ct);
        Assert.Equal(4, creates.Acknowledged);
        await using var held = await mesh.Store.HoldWrites(Ct);
        var inFlight = creates.SendAtOnce(4, Ct);
        // One of those that wait may be the agent's report of the first four.
        await held.Until(waiting: 4, Ct);

        await mesh.ControlPlane.Kill(Ct);
        await inFlight;
        await creates.SendAtOnce(2, Ct);
        Assert.Equal(4, creates.Acknowledged);
        await held.DisposeAsync();
        await mesh.StartControlPlane(Ct);

        await creates.AssertNothingLost(Ct);
        await creates.RepeatUnanswered(Ct);
        await creates.AssertAllRun(Ct);
    }
}
