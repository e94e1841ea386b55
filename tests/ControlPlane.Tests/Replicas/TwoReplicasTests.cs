using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;
using ProviderStatus = Coder.Mesh.V1.ProviderStatus;

namespace Coder.Mesh.ControlPlane.Tests.Replicas;

/// <summary>
/// Two control planes on one database. Virtual time stands still: what comes, comes by NOTIFY, not by looking.
/// </summary>
public sealed class TwoReplicasTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task A_workspace_created_through_one_reaches_the_agent_at_the_other()
    {
        await using var both = await Both.Start(Postgres, _time);
        using var agent = await AttachBuiltIn(both.Second);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);

        var created = await both.First.CreateWorkspace("dev", Ct);
        var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        await both.First.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "dev" },
            both.First.Admin,
            cancellationToken: Ct
        );
        var removed = (await agent.Next(Frame.WorkspaceRemoved, Ct)).WorkspaceRemoved;

        Assert.Equal((created.Id, 1ul), (desired.WorkspaceId, desired.Generation));
        Assert.Equal((created.Id, 2ul), (removed.WorkspaceId, removed.Generation));
    }

    [Fact]
    public async Task A_change_whose_ring_is_lost_is_seen_within_a_second()
    {
        await using var both = await Both.Start(Postgres, _time);
        using var agent = await AttachBuiltIn(both.Second);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        // What a replica commits in its last moment is rung by nobody.
        await both.Deaf(Ct);

        var created = await both.First.CreateWorkspace("dev", Ct);
        var desired = agent.Next(Frame.WorkspaceDesired, Ct);
        await agent.Heartbeat(Ct);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(created.Id, (await desired).WorkspaceDesired.WorkspaceId);
    }

    [Fact]
    public async Task R8_an_agent_that_attaches_to_another_replica_supersedes_its_session_here_and_late_cleanup_changes_nothing()
    {
        await using var both = await Both.Start(Postgres, _time);
        var (id, token) = await both.First.CreateProvider("west", Ct);
        using var older = await TestAgent.Attach(both.First, token, Ct, h => h.NamespaceUid = "u");
        using var newer = await TestAgent.Attach(both.Second, token, Ct, h => h.NamespaceUid = "u");

        var end = await older.End(Ct);
        older.Dispose();
        _time.Advance(TimeSpan.FromSeconds(29));
        await newer.Heartbeat(Ct);
        await newer.Next(Frame.HeartbeatAck, Ct);
        _time.Advance(TimeSpan.FromSeconds(29));
        await newer.Heartbeat(Ct);
        await newer.Next(Frame.HeartbeatAck, Ct);

        Assert.Equal(ErrorReasons.SessionSuperseded, Reason(end));
        var provider = await both.First.Provider(id, Ct);
        Assert.Equal(
            (2ul, true, ProviderStatus.Ready),
            (provider.Agent.Epoch, provider.Agent.Attached, provider.Status)
        );
    }

    [Fact]
    public async Task A_token_revoked_through_one_ends_its_session_at_the_other()
    {
        await using var both = await Both.Start(Postgres, _time);
        var (id, token) = await both.First.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(both.Second, token, Ct);
        var shown = await both.First.Provider(id, Ct);

        await both.First.Providers.RevokeTokenAsync(
            new RevokeTokenRequest { Provider = id, TokenId = shown.Tokens[0].Id },
            both.First.Admin,
            cancellationToken: Ct
        );

        Assert.Equal(ErrorReasons.TokenInvalid, Reason(await agent.End(Ct)));
    }

    [Fact]
    public async Task A_provider_deleted_through_one_ends_its_session_at_the_other()
    {
        await using var both = await Both.Start(Postgres, _time);
        var (id, token) = await both.First.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(both.Second, token, Ct);

        await both.First.Providers.DeleteProviderAsync(
            new DeleteProviderRequest { Provider = id },
            both.First.Admin,
            cancellationToken: Ct
        );

        Assert.Equal(ErrorReasons.ProviderDeleted, Reason(await agent.End(Ct)));
    }

    [Fact]
    public async Task A_change_that_commits_after_a_newer_one_is_not_skipped()
    {
        await using var both = await Both.Start(Postgres, _time);
        using var agent = await AttachBuiltIn(both.Second);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        var early = await both.First.CreateWorkspace("early", Ct);
        await agent.Next(Frame.WorkspaceDesired, Ct);
        await using var slow = new NpgsqlConnection(both.First.Database);
        await slow.OpenAsync(Ct);
        await using var transaction = await slow.BeginTransactionAsync(Ct);
        // The older transaction, of another replica, changes the workspace and waits.
        await Execute(
            slow,
            $"""
            update mesh.mt_doc_workspace set data = jsonb_set(data, '{"{Generation}"}', '7') where id = 'workspace-{early.Id}';
            insert into mesh.mesh_feed (stream, version_before, version_after, replica) values ('workspace-{early.Id}', 1, 2, 'third')
            """
        );

        var late = await both.First.CreateWorkspace("late", Ct);
        var next = agent.Next(Frame.WorkspaceDesired, Ct);
        await transaction.CommitAsync(Ct);
        var seen = new[] { Of(await next), Of(await agent.Next(Frame.WorkspaceDesired, Ct)) };

        Assert.Equal([(early.Id, 7ul), (late.Id, 1ul)], seen);
    }

    [Fact]
    public async Task A_stopping_replica_hands_its_agents_over_and_ends_their_streams_when_the_new_ones_are_up()
    {
        await using var both = await Both.Start(Postgres, _time);
        var (id, token) = await both.First.CreateProvider("west", Ct);
        using var older = await TestAgent.Attach(both.First, token, Ct, h => h.NamespaceUid = "u");

        var stopping = both.First.Stop();
        var drain = (await older.Next(Frame.Drain, Ct)).Drain;
        using var refused = TestAgent.Open(both.First, token);
        var error = await refused.End(Ct);
        using var newer = await TestAgent.Attach(both.Second, token, Ct, h => h.NamespaceUid = "u");
        var end = await older.End(Ct);
        await stopping;

        Assert.True(drain.Within.ToTimeSpan() <= TimeSpan.FromSeconds(1), drain.Within.ToString());
        Assert.Equal(ErrorReasons.ServerRestarting, Reason(error));
        Assert.Equal(ErrorReasons.SessionSuperseded, Reason(end));
        var provider = await both.Second.Provider(id, Ct);
        Assert.Equal(
            (2ul, true, ProviderStatus.Ready),
            (provider.Agent.Epoch, provider.Agent.Attached, provider.Status)
        );
    }

    [Fact]
    public async Task R12_an_owner_that_another_replica_has_dismissed_ends_its_session_and_the_agent_makes_it_right()
    {
        await using var both = await Both.Start(Postgres, _time);
        var (id, token) = await both.First.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(both.First, token, Ct, h => h.NamespaceUid = "u");
        var owner = both.First.Services.GetRequiredService<AgentSessions>().Find(id)!.Fence;

        // As the sweeper does for a replica that was cut off from the store for so long that it counts as gone.
        var at = _time.GetUtcNow();
        await both
            .Second.Services.GetRequiredService<PresenceStore>()
            .Append(
                id,
                owner.Epoch,
                owner.OwnerId,
                [
                    new OwnerDismissed(owner.Epoch, at),
                    new StatusChanged(
                        owner.Epoch,
                        ControlPlane.Providers.ProviderStatus.Error,
                        "agent_disconnected",
                        "Gone.",
                        at
                    ),
                ],
                Ct
            );
        var end = await agent.End(Ct);
        var dismissed = await both.First.Provider(id, Ct);
        using var back = await TestAgent.Attach(both.First, token, Ct, h => h.NamespaceUid = "u");

        Assert.Equal(ErrorReasons.SessionSuperseded, Reason(end));
        Assert.Equal((ProviderStatus.Error, false), (dismissed.Status, dismissed.Agent.Attached));
        await UntilStatus(both.First, id, ProviderStatus.Ready);
    }

    [Fact]
    public async Task Rotations_through_one_spare_the_token_of_an_agent_that_is_attached_to_the_other()
    {
        await using var both = await Both.Start(Postgres, _time);
        var (id, token) = await both.First.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(both.Second, token, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        var inUse = (await both.First.Provider(id, Ct)).Tokens.Single(t => t.InUse).Id;

        RotateTokenResponse? rotated = null;
        for (var rotation = 0; rotation < 2; rotation++)
            rotated = await both.First.Providers.RotateTokenAsync(
                new RotateTokenRequest { Provider = id },
                both.First.Admin,
                cancellationToken: Ct
            );
        // What the other replica would have been told of a revocation comes before this.
        var created = await both.First.CreateWorkspace("dev", Ct);
        var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

        Assert.Equal(created.Id, desired.WorkspaceId);
        Assert.Equal([inUse, rotated!.TokenId], (await both.Second.Provider(id, Ct)).Tokens.Select(t => t.Id));
    }

    private static (string, ulong) Of(ConnectResponse frame) =>
        (frame.WorkspaceDesired.WorkspaceId, frame.WorkspaceDesired.Generation);

    private static async Task Execute(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<TestAgent> AttachBuiltIn(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        return await TestAgent.Attach(plane, token, Ct);
    }

    private sealed record Both(TestControlPlane First, TestControlPlane Second) : IAsyncDisposable
    {
        public static async Task<Both> Start(PostgresFixture postgres, TimeProvider time)
        {
            var first = await TestControlPlane.Start(postgres, Ct, time);
            var second = await TestControlPlane.Start(postgres, Ct, time, database: first.Database);
            var both = new Both(first, second);
            // Each knows of the other: in virtual time nobody's row expires.
            foreach (var plane in new[] { second, first, second })
                await plane.Services.GetRequiredService<ReplicaLease>().Renew(Ct);
            await Eventually(() => both.Listening(Ct), count => count == 2);
            return both;
        }

        /// <summary>Ends the connections on which the replicas listen, without letting them open others.</summary>
        public async Task Deaf(CancellationToken ct)
        {
            await using var connection = new NpgsqlConnection(First.Database);
            await connection.OpenAsync(ct);
            await Execute(
                connection,
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%' and datname = current_database()"
            );
            await Eventually(() => Listening(ct), count => count == 0);
        }

        public async ValueTask DisposeAsync()
        {
            await Second.DisposeAsync();
            await First.DisposeAsync();
        }

        private async Task<long> Listening(CancellationToken ct)
        {
            await using var connection = new NpgsqlConnection(First.Database);
            await connection.OpenAsync(ct);
            await using var command = new NpgsqlCommand(
                "select count(*) from pg_stat_activity where query like 'listen%' and datname = current_database()",
                connection
            );
            return (long)(await command.ExecuteScalarAsync(ct))!;
        }
    }
}
