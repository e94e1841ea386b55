using System.Diagnostics;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class KilledPostgresTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_PostgreSQL_loses_nothing_acknowledged_and_is_started_again()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        var attached = (await mesh.Provider(Ct)).Agent.Epoch;
        var creates = new TenCreates(mesh);
        await creates.SendInTurn(4, Ct);
        Assert.Equal(4, creates.Acknowledged);
        await using var held = await mesh.Store.HoldWrites(Ct);
        var inFlight = creates.SendAtOnce(4, Ct);
        await held.Until(waiting: 4, Ct);

        using (var postmaster = Process.GetProcessById(mesh.Store.ProcessId))
            postmaster.Kill();
        await mesh.ControlPlane.Line("exited unexpectedly with code 137; restarting it", Ct);
        await inFlight;
        await creates.SendAtOnce(2, Ct);
        await mesh.UntilProvider(TestMesh.IsReady, "the store is back", Ct);

        await creates.AssertNothingLost(Ct);
        await creates.RepeatUnanswered(Ct);
        await creates.AssertAllRun(Ct);
        // The stream stayed up all the while.
        Assert.True(
            attached == (await mesh.Provider(Ct)).Agent.Epoch,
            $"The agent has attached anew.\n{mesh.ControlPlane.Output.Tail}\n---\n{mesh.Agent.Output.Tail}"
        );
    }
}
