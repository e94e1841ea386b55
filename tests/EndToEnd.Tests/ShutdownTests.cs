using System.Diagnostics;
using Coder.Mesh.EndToEnd.Tests.Harness;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class ShutdownTests(ITestOutputHelper output)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_control_plane_told_to_stop_takes_its_PostgreSQL_along_and_its_agent_comes_back_unnoticed()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        var before = await mesh.Provider(Ct);
        var postgres = mesh.Store.ProcessId;

        var since = Stopwatch.GetTimestamp();
        mesh.ControlPlane.Terminate();
        var code = await mesh.ControlPlane.Exit(Ct);
        var took = Stopwatch.GetElapsedTime(since);
        output.WriteLine($"Ended {took.TotalSeconds:0.0} s after SIGTERM");
        Assert.Equal(0, code);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.False(mesh.Store.IsRunning);
        Assert.False(Directory.Exists($"/proc/{postgres}"));

        await mesh.StartControlPlane(Ct);
        var after = await mesh.UntilProvider(
            p => TestMesh.IsReady(p) && p.Agent.Epoch > before.Agent.Epoch,
            "the agent has attached again",
            Ct
        );
        Assert.Equal(before.StatusTime, after.StatusTime);
        Assert.Single(await mesh.Store.Events("presence.status_changed.v1", Ct));
    }
}
