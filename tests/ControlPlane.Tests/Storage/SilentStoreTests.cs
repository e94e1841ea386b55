using System.Diagnostics;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>PostgreSQL that accepts connections and answers nothing; a server of its own, for it is stopped.</summary>
public sealed class SilentStoreTests() : ControlPlaneTestBase(new PostgresFixture()), IAsyncLifetime
{
    /// <summary>The replica asks every 2 seconds and waits 2.5; the rest is for a busy machine.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => Postgres.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calls_that_wait_for_a_turn_are_told_soon_that_the_store_is_away(bool known)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        Assert.SkipUnless(Postgres.CanKill, "PostgreSQL of these tests is not ours to stop: " + Postgres.Source);
        var tokens = await Task.WhenAll(
            Enumerable.Range(0, 60).Select(i => plane.Services.GetRequiredService<ApiTokens>().Issue($"jo-{i}", Ct))
        );
        if (known)
            await Task.WhenAll(tokens.Select(t => Get(plane, t)));

        await Postgres.Freeze(Ct);
        try
        {
            var ends = await Task.WhenAll(tokens.Select(t => Timed(() => Get(plane, t))));

            Assert.All(
                ends,
                e =>
                    Assert.Equal(
                        (StatusCode.Unavailable, ErrorReasons.StoreUnavailable),
                        (e.Error.StatusCode, Reason(e.Error))
                    )
            );
            Assert.All(ends, e => Assert.NotNull(e.Error.GetRpcStatus()?.GetDetail<RetryInfo>()));
            // The others have their turn, and ask the store.
            Assert.InRange(ends.Count(e => e.After < Soon), 30, 60);
        }
        finally
        {
            await Postgres.Thaw(Ct);
        }

        await Eventually(() => Works(plane), works => works);
    }

    private static async Task<bool> Works(TestControlPlane plane)
    {
        try
        {
            await Get(plane, plane.AdminToken);
            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }

    private static async Task<(RpcException Error, TimeSpan After)> Timed(Func<Task> call)
    {
        var since = Stopwatch.GetTimestamp();
        var error = await Assert.ThrowsAsync<RpcException>(call);
        return (error, Stopwatch.GetElapsedTime(since));
    }

    private static async Task Get(TestControlPlane plane, string token) =>
        await plane.Deployment.GetDeploymentAsync(
            new GetDeploymentRequest(),
            new Metadata { { "authorization", $"Bearer {token}" } },
            cancellationToken: Ct
        );
}
