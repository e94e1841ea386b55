using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Marten;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;
using ProviderStatus = Coder.Mesh.V1.ProviderStatus;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

/// <summary>
/// Sessions that never live to the answer of their first snapshot: behind a proxy that cuts them, or over a limit.
/// </summary>
public sealed class FirstSnapshotTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int Limit = 100;
    private const int TooMany = 111;

    [Fact]
    public async Task A_provider_is_Ready_when_its_agent_s_first_snapshot_is_answered_and_not_before()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Greet(plane, token, Ct);

        await agent.Heartbeat(Ct, TestAgent.Ready());
        await agent.Next(Frame.HeartbeatAck, Ct);
        await agent.Send(new ConnectRequest { Snapshot = new Snapshot() }, Ct);
        await agent.Heartbeat(Ct);
        await agent.Next(Frame.HeartbeatAck, Ct);
        var before = await plane.Provider("west", Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);

        Assert.Equal((ProviderStatus.Pending, true), (before.Status, before.Agent.Attached));
        Assert.Equal(ProviderStatus.Ready, (await plane.Provider("west", Ct)).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Three_sessions_in_a_row_are_Error_with_the_cause_and_all_later_ones_store_nothing(
        bool readyBefore
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, options: Small);
        var (id, token) = await plane.CreateProvider("west", Ct);
        if (readyBefore)
            (await TestAgent.Attach(plane, token, Ct, Same)).Dispose();

        await Overfill(plane, token, 2);
        var twice = await plane.Provider("west", Ct);
        await Overfill(plane, token, 1);
        var error = await UntilStatus(plane, "west", ProviderStatus.Error);
        await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);
        var events = await Events(plane, id);
        await Overfill(plane, token, 20);

        Assert.Equal(readyBefore ? ProviderStatus.Ready : ProviderStatus.Pending, twice.Status);
        Assert.Equal(StatusCodes.SnapshotIncomplete, error.StatusCode);
        Assert.Contains("3 sessions in a row", error.StatusMessage, StringComparison.Ordinal);
        Assert.Contains("at most 110 workspaces", error.StatusMessage, StringComparison.Ordinal);
        Assert.Equal(events, await Events(plane, id));
        Assert.Equal(error, await plane.Provider("west", Ct));
    }

    [Fact]
    public async Task The_session_that_succeeds_at_last_is_stored_and_Ready_and_its_reports_are_too()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, options: Small);
        var (id, token) = await plane.BuiltIn(Ct);
        string workspace;
        using (await TestAgent.Attach(plane, token, Ct, Same))
            workspace = (await plane.CreateWorkspace("dev", Ct)).Id;
        await Overfill(plane, token, 9);
        var before = await UntilStatus(plane, id, ProviderStatus.Error);
        var events = await Events(plane, id);

        using var agent = await TestAgent.Greet(plane, token, Ct, Same);
        await agent.Heartbeat(Ct);
        await agent.Next(Frame.HeartbeatAck, Ct);
        var held = await plane.Provider(id, Ct);
        await agent.Snapshot(Ct, agent.Observation(workspace, 1, WorkspaceState.Running));
        await agent.Next(Frame.SnapshotComplete, Ct);

        var provider = await plane.Provider(id, Ct);
        Assert.Equal(before, held);
        Assert.Equal(
            (ProviderStatus.Ready, true, before.Agent.Epoch + 1, agent.Welcome.Epoch),
            (provider.Status, provider.Agent.Attached, provider.Agent.Epoch, provider.Agent.Epoch)
        );
        await UntilState(plane, "dev", WorkspaceState.Running);
        Assert.Equal(events + 2, await Events(plane, id));
        await Overfill(plane, token, 2);
        Assert.Equal(ProviderStatus.Ready, (await plane.Provider(id, Ct)).Status);
    }

    [Fact]
    public async Task Sessions_that_are_cut_without_a_word_count_as_much_and_others_between_them_begin_the_count_anew()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        await Cut(plane, token, 2);
        (await TestAgent.Attach(plane, token, Ct, Same)).Dispose();
        await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);
        await Cut(plane, token, 2);
        var twice = await plane.Provider("west", Ct);
        await Cut(plane, token, 1);

        Assert.Equal(ProviderStatus.Ready, twice.Status);
        var error = await UntilStatus(plane, "west", ProviderStatus.Error);
        Assert.Equal(StatusCodes.SnapshotIncomplete, error.StatusCode);
        Assert.Contains("proxy", error.StatusMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sessions_of_several_replicas_are_in_one_row()
    {
        await using var first = await TestControlPlane.Start(Postgres, Ct);
        await using var second = await TestControlPlane.Start(Postgres, Ct, database: first.Database);
        var (id, token) = await first.CreateProvider("west", Ct);

        await Cut(first, token, 1);
        await Cut(second, token, 1);
        await Cut(first, token, 1);
        await UntilStatus(first, "west", ProviderStatus.Error);
        var events = await Events(first, id);
        foreach (var plane in new[] { second, first, second })
        {
            using var agent = await TestAgent.Greet(plane, token, Ct, Same);
            Assert.Equal(4ul, agent.Welcome.Epoch);
        }

        Assert.Equal(events, await Events(first, id));
    }

    [Fact]
    public async Task An_agent_that_fails_no_more_but_has_no_snapshot_yet_is_shown_after_a_minute()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var plane = await TestControlPlane.Start(Postgres, Ct, time);
        var (_, token) = await plane.CreateProvider("west", Ct);
        await Cut(plane, token, 3);
        await UntilStatus(plane, "west", ProviderStatus.Error);

        using var agent = await TestAgent.Greet(plane, token, Ct, h => (h.NamespaceUid, h.Readiness) = ("u", Down()));
        for (var i = 0; i < 6; i++)
        {
            await agent.Heartbeat(Ct);
            await agent.Next(Frame.HeartbeatAck, Ct);
            time.Advance(TimeSpan.FromSeconds(10));
        }

        var shown = await Eventually(() => plane.Provider("west", Ct), p => p.Agent.Attached);
        Assert.Equal((4ul, "cluster_unreachable"), (shown.Agent.Epoch, shown.StatusCode));
    }

    [Theory]
    [InlineData("delete", ErrorReasons.ProviderDeleted)]
    [InlineData("revoke", ErrorReasons.TokenInvalid)]
    [InlineData("another", ErrorReasons.SessionSuperseded)]
    public async Task A_session_that_is_not_stored_yet_is_ended_like_any_other(string by, string reason)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var other = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);
        var (_, token) = await plane.CreateProvider("west", Ct);
        await Cut(plane, token, 3);
        await UntilStatus(plane, "west", ProviderStatus.Error);
        using var agent = await TestAgent.Greet(plane, token, Ct, Same);

        var end = agent.End(Ct);
        using var newer = by == "another" ? await TestAgent.Attach(other, token, Ct, Same) : null;
        if (by == "delete")
            await plane.Providers.DeleteProviderAsync(new() { Provider = "west" }, plane.Admin, cancellationToken: Ct);
        if (by == "revoke")
            await plane.Providers.RevokeTokenAsync(
                new() { Provider = "west", TokenId = Assert.Single((await plane.Provider("west", Ct)).Tokens).Id },
                plane.Admin,
                cancellationToken: Ct
            );

        Assert.Equal(reason, Reason(await end));
    }

    [Fact]
    public async Task R8_of_two_sessions_that_are_not_stored_the_first_to_complete_its_snapshot_is_the_provider_s()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var other = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);
        var (_, token) = await plane.CreateProvider("west", Ct);
        await Cut(plane, token, 3);
        await UntilStatus(plane, "west", ProviderStatus.Error);
        using var slow = await TestAgent.Greet(plane, token, Ct, Same);

        using var fast = await TestAgent.Attach(other, token, Ct, Same);
        var end = slow.End(Ct);
        try
        {
            await slow.Snapshot(Ct);
        }
        catch (Exception e) when (e is Grpc.Core.RpcException or InvalidOperationException)
        {
            // Told by then.
        }

        Assert.Equal(ErrorReasons.SessionSuperseded, Reason(await end));
        var provider = await plane.Provider("west", Ct);
        Assert.Equal(
            (ProviderStatus.Ready, true, 4ul),
            (provider.Status, provider.Agent.Attached, provider.Agent.Epoch)
        );
    }

    private static void Small(ControlPlane.Agents.AgentStreamOptions options) =>
        options.MaxWorkspacesPerSnapshot = Limit;

    private static void Same(Hello hello) => hello.NamespaceUid = "u";

    private static ReadinessReport Down() => TestAgent.Unreachable();

    /// <summary>Sessions that say more in their snapshot than they may.</summary>
    private static async Task Overfill(TestControlPlane plane, string token, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var agent = await TestAgent.Greet(plane, token, Ct, Same);
            var end = agent.End(Ct);
            await agent.Snapshot(
                Ct,
                [
                    .. Enumerable
                        .Range(0, TooMany)
                        .Select(_ => agent.Observation(Guid.NewGuid().ToString("n"), 1, WorkspaceState.Running)),
                ]
            );
            Assert.Equal(ErrorReasons.ProtocolViolation, Reason(await end));
        }
    }

    /// <summary>Sessions whose connection is cut before their snapshot is whole.</summary>
    private static async Task Cut(TestControlPlane plane, string token, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using (var agent = await TestAgent.Greet(plane, token, Ct, Same))
                await agent.Send(new ConnectRequest { Snapshot = new Snapshot() }, Ct);
            await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);
        }
    }

    private static async Task<int> Events(TestControlPlane plane, string id)
    {
        await using var session = plane.Services.GetRequiredService<IDocumentStore>().QuerySession();
        return (await session.Events.FetchStreamAsync(StreamKeys.Presence(id), token: Ct)).Count;
    }
}
