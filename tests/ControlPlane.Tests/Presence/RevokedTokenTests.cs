using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.Time.Testing;
using Provider = Coder.Mesh.V1.Provider;
using ProviderStatus = Coder.Mesh.V1.ProviderStatus;

namespace Coder.Mesh.ControlPlane.Tests.Presence;

/// <summary>
/// A provider whose last token is revoked can't come back by itself, so that no grace keeps it Ready. Virtual time
/// stands still: whatever comes, comes without a deadline.
/// </summary>
public sealed class RevokedTokenTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task The_last_token_s_end_is_Error_at_once_and_places_nothing_there()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        await Allow(plane);
        using var agent = await TestAgent.Attach(plane, token, Ct, Bound);

        await RevokeAll(plane);
        var after = await UntilStatus(plane, "west", ProviderStatus.Error);

        Assert.Equal(ErrorReasons.TokenInvalid, Reason(await agent.End(Ct)));
        Assert.Equal((StatusCodes.TokenRevoked, false), (after.StatusCode, after.Agent.Attached));
        Assert.Equal(["NOT_READY"], await Place(plane).Causes());
    }

    [Fact]
    public async Task A_new_token_brings_it_back()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, Bound);
        await RevokeAll(plane);
        await UntilStatus(plane, "west", ProviderStatus.Error);

        using var back = await TestAgent.Attach(plane, await Rotate(plane), Ct, Bound);

        Assert.Equal(2ul, (await UntilStatus(plane, "west", ProviderStatus.Ready)).Agent.Epoch);
    }

    [Fact]
    public async Task With_another_live_token_the_agent_may_have_it_and_gets_its_grace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, Bound);
        var other = await Rotate(plane);

        await Revoke(plane, (await plane.Provider("west", Ct)).Tokens[0].Id);
        await agent.End(Ct);
        var inGrace = await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);
        using var back = await TestAgent.Attach(plane, other, Ct, Bound);
        _time.Advance(TimeSpan.FromSeconds(29));
        await back.Heartbeat(Ct);
        await back.Next(Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase.HeartbeatAck, Ct);
        var after = await plane.Provider("west", Ct);

        Assert.Equal(ProviderStatus.Ready, inGrace.Status);
        Assert.Equal((ProviderStatus.Ready, 2ul), (after.Status, after.Agent.Epoch));
    }

    [Fact]
    public async Task A_last_token_that_is_revoked_within_the_grace_ends_the_grace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        (await TestAgent.Attach(plane, token, Ct)).Dispose();
        var inGrace = await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);

        await RevokeAll(plane);
        var after = await UntilStatus(plane, "west", ProviderStatus.Error);

        Assert.Equal(ProviderStatus.Ready, inGrace.Status);
        Assert.Equal(StatusCodes.TokenRevoked, after.StatusCode);
    }

    [Fact]
    public async Task R12_a_token_revoked_through_another_replica_is_decided_by_the_one_that_has_the_session()
    {
        await using var first = await TestControlPlane.Start(Postgres, Ct, _time);
        await using var second = await TestControlPlane.Start(Postgres, Ct, _time, database: first.Database);
        var (_, token) = await first.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(second, token, Ct);

        await RevokeAll(first);
        await Eventually(Moved, p => p.Status == ProviderStatus.Error);
        var history = await first.Providers.ListHistoryAsync(
            new ListHistoryRequest { Provider = "west" },
            first.Admin,
            cancellationToken: Ct
        );

        Assert.Equal(
            ["presence.status_changed.v1", "presence.agent_disconnected.v1", "provider.token_revoked.v1"],
            history.Entries.Take(3).Select(e => e.Type)
        );

        // Another replica hears of it by a notification, or by looking: that takes time to pass.
        Task<Provider> Moved()
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            return first.Provider("west", Ct);
        }
    }

    [Fact]
    public async Task A_token_revoked_while_the_sweeper_waits_ends_the_startup_grace()
    {
        var (database, token) = await LeftBehind();
        await using var next = await TestControlPlane.Start(Postgres, Ct, _time, database: database);
        var before = await next.Provider("west", Ct);

        await Eventually(Revoked, p => p.Status == ProviderStatus.Error);
        var after = await next.Provider("west", Ct);

        Assert.Equal(ProviderStatus.Ready, before.Status);
        Assert.NotEmpty(token);
        Assert.Equal(StatusCodes.TokenRevoked, after.StatusCode);

        // Before or after the sweeper has begun: either way it finds no token.
        async Task<Provider> Revoked()
        {
            await RevokeAll(next);
            return await next.Provider("west", Ct);
        }
    }

    [Fact]
    public async Task An_agent_whose_control_plane_was_stopped_for_long_was_last_seen_when_that_stopped()
    {
        var (database, _) = await LeftBehind();
        var stopped = DateTimeOffset.UtcNow;
        await using var next = await TestControlPlane.Start(Postgres, Ct, _time, database: database);

        // Virtual time is far from the database's: what is stored can only be the latter.
        await Eventually(Later, p => p.Status == ProviderStatus.Error);
        var provider = await next.Provider("west", Ct);

        // Its token is as good as ever.
        Assert.Equal(StatusCodes.AgentDisconnected, provider.StatusCode);
        Assert.InRange(provider.Agent.SinceTime.ToDateTimeOffset(), stopped.AddMinutes(-5), stopped.AddSeconds(5));

        Task<Provider> Later()
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            return next.Provider("west", Ct);
        }
    }

    private static void Bound(Coder.Mesh.Agent.V1.Hello hello) => hello.NamespaceUid = "ns";

    /// <summary>A database whose only replica was stopped with an agent attached.</summary>
    private async Task<(string Database, string Token)> LeftBehind()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, Bound);
        await plane.Stop();
        return (plane.Database, token);
    }

    private static async Task RevokeAll(TestControlPlane plane)
    {
        foreach (var token in (await plane.Provider("west", Ct)).Tokens)
            await Revoke(plane, token.Id);
    }

    private static async Task Revoke(TestControlPlane plane, string tokenId) =>
        await plane.Providers.RevokeTokenAsync(
            new RevokeTokenRequest { Provider = "west", TokenId = tokenId },
            plane.Admin,
            cancellationToken: Ct
        );

    private static async Task<string> Rotate(TestControlPlane plane) =>
        (
            await plane.Providers.RotateTokenAsync(
                new RotateTokenRequest { Provider = "west" },
                plane.Admin,
                cancellationToken: Ct
            )
        ).Token;

    private static async Task Allow(TestControlPlane plane) =>
        await plane.Organizations.AllowProviderAsync(
            new AllowProviderRequest { Organization = "default", Provider = "west" },
            plane.Admin,
            cancellationToken: Ct
        );

    private static async Task Place(TestControlPlane plane) =>
        await plane.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest
            {
                Name = "dev",
                Provider = "west",
                Spec = TestControlPlane.Spec(),
            },
            plane.Admin,
            cancellationToken: Ct
        );
}
