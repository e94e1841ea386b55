using Coder.Mesh.EndToEnd.Tests.Examples;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>A service that is written against the client library alone; docs/client.md shows its source.</summary>
public sealed class ClientLibraryTests
{
    private const int Count = 500;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Five_hundred_workspaces_that_a_service_creates_while_the_control_plane_restarts_are_exactly_500()
    {
        await using var mesh = await TestMesh.StartReady(Ct);
        using var client = mesh.Client();
        var fleet = new WorkspaceFleet(client);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var following = fleet.Follow(stop.Token);
        var created = 0;

        var creating = Parallel.ForAsync(
            0,
            Count,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct },
            async (i, ct) =>
            {
                await fleet.Create($"dev-{i}", ct);
                Interlocked.Increment(ref created);
            }
        );
        for (var restart = 1; restart <= 4; restart++)
        {
            var enough = restart * Count / 5;
            await Eventually.Is(
                () => Task.FromResult(Volatile.Read(ref created)),
                n => n >= enough,
                $"{enough} are created",
                Ct
            );
            if (restart % 2 == 1)
                await mesh.ControlPlane.Kill(Ct);
            else
                await Stopped(mesh);
            await mesh.StartControlPlane(Ct);
        }

        await creating;
        await Eventually.Is(
            () => Task.FromResult(fleet.Running.Count),
            n => n == Count,
            "the service sees all of them run",
            Ct,
            TimeSpan.FromMinutes(3)
        );
        var names = Enumerable.Range(0, Count).Select(i => $"dev-{i}").Order(StringComparer.Ordinal);
        Assert.Equal(names, fleet.Running.Select(w => w.Name).Order(StringComparer.Ordinal));
        Assert.Equal(Count, (await mesh.Store.Events("workspace.created.v1", Ct)).Count);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    private static async Task Stopped(TestMesh mesh)
    {
        mesh.ControlPlane.Terminate();
        Assert.Equal(0, await mesh.ControlPlane.Exit(Ct));
    }
}
