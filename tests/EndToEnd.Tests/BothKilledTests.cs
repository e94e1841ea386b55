using System.Diagnostics;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

public sealed class BothKilledTests(ITestOutputHelper output)
{
    private static readonly TimeSpan StartupGrace = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_agent_killed_with_its_control_plane_is_an_error_after_the_startup_grace_though_nobody_calls()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        var provider = await mesh.Provider(Ct);

        await Task.WhenAll(mesh.ControlPlane.Kill(Ct), mesh.Agent.Kill(Ct));
        await mesh.StartControlPlane(Ct);
        var since = Stopwatch.GetTimestamp();
        await mesh.ControlPlane.Line(
            $"Provider {provider.Name} ({provider.Id}) is Error agent_disconnected",
            Ct,
            2 * StartupGrace
        );
        var after = Stopwatch.GetElapsedTime(since);
        var seen = await mesh.Provider(Ct);

        output.WriteLine($"Error {after.TotalSeconds:0.0} s after the start: {seen.StatusMessage}");
        Assert.Equal(
            (ProviderStatus.Error, "agent_disconnected", false),
            (seen.Status, seen.StatusCode, seen.Agent.Attached)
        );
        Assert.NotEmpty(seen.StatusMessage);
        // The grace begins when the killed replica's row has run out, which may be before the new one serves.
        Assert.InRange(after, StartupGrace - TimeSpan.FromSeconds(10), StartupGrace + TimeSpan.FromSeconds(20));
    }
}
