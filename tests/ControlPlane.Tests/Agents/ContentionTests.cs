using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

/// <summary>
/// A workspace that others change all the time, or whose reports can't be stored, concerns no other one.
/// </summary>
public sealed class ContentionTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    // Deadlock, serialization failure, lock timeout; and something that nobody has thought of.
    [Theory]
    [InlineData("40P01")]
    [InlineData("40001")]
    [InlineData("55P03")]
    [InlineData("22P05")]
    public async Task Reports_that_conflict_for_long_wait_alone_and_end_no_session(string state)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (providerId, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var hot = (await plane.CreateWorkspace("hot", Ct)).Id;
        string[] calm =
        [
            (await plane.CreateWorkspace("calm-1", Ct)).Id,
            (await plane.CreateWorkspace("calm-2", Ct)).Id,
        ];
        var session = plane.Services.GetRequiredService<AgentSessions>().Find(providerId)!;
        await Refuse(plane, hot, state);

        await agent.Snapshot(Ct, [.. calm.Append(hot).Select(id => agent.Observation(id, 1, WorkspaceState.Starting))]);
        var first = await Acknowledged(agent, calm.Length);
        await agent.Observe(hot, 1, WorkspaceState.Running, Ct);
        foreach (var id in calm)
            await agent.Observe(id, 1, WorkspaceState.Running, Ct);
        var second = await Acknowledged(agent, calm.Length);

        Assert.Equal(calm.Order(), first.Order());
        Assert.Equal(calm.Order(), second.Order());
        Assert.Equal(WorkspaceState.Pending, (await plane.Workspace(hot, Ct)).State);
        Assert.Single(plane.LogRecords, r => r.Id.Id is 1112 or 1113);
        await Execute(plane, "drop trigger refuse on mesh.mt_events");
        Assert.Equal([hot], await Acknowledged(agent, 1));
        Assert.Equal(WorkspaceState.Running, (await plane.Workspace(hot, Ct)).State);
        Assert.False(session.Closing.IsCancellationRequested);
    }

    [Fact]
    public async Task A_generation_that_cannot_be_raised_for_long_keeps_no_snapshot_from_its_answer()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var id = (await plane.CreateWorkspace("hot", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);
        await Refuse(plane, id, "40001");

        await agent.Snapshot(Ct, agent.Observation(id, 41, WorkspaceState.Running));
        await agent.Next(Frame.SnapshotComplete, Ct);
        await Execute(plane, "drop trigger refuse on mesh.mt_events");

        Assert.Equal(42ul, (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired.Generation);
    }

    [Fact]
    public async Task A_dozen_callers_that_start_stop_and_restart_one_workspace_leave_its_agents_session_and_the_others_in_peace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (providerId, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var hot = (await plane.CreateWorkspace("hot", Ct)).Id;
        var calm = (await plane.CreateWorkspace("calm", Ct)).Id;
        var session = plane.Services.GetRequiredService<AgentSessions>().Find(providerId)!;

        var reporting = Follow(agent, hot, calm);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(caller => Change(plane, hot, caller)));
        var last = (await plane.Workspace(hot, Ct)).Generation;

        Assert.Equal(last, await reporting.Until(last));
        Assert.False(session.Closing.IsCancellationRequested);
        Assert.Equal((1ul, true), ((await plane.Provider(providerId, Ct)).Agent.Epoch, true));
        await UntilState(plane, "calm", WorkspaceState.Running);
    }

    private static async Task Change(TestControlPlane plane, string workspace, int caller)
    {
        for (var i = 0; i < 12; i++)
        {
            try
            {
                switch ((caller + i) % 3)
                {
                    case 0:
                        await plane.Workspaces.StopWorkspaceAsync(
                            new() { Workspace = workspace },
                            plane.Admin,
                            cancellationToken: Ct
                        );
                        break;
                    case 1:
                        await plane.Workspaces.StartWorkspaceAsync(
                            new() { Workspace = workspace },
                            plane.Admin,
                            cancellationToken: Ct
                        );
                        break;
                    default:
                        await plane.Workspaces.RestartWorkspaceAsync(
                            new() { Workspace = workspace },
                            plane.Admin,
                            cancellationToken: Ct
                        );
                        break;
                }
            }
            catch (RpcException e) when (Reason(e) == ErrorReasons.ConcurrentChange)
            {
                // Too many at once: that is the callers' own affair.
            }
        }
    }

    private static Follower Follow(TestAgent agent, string hot, string calm) => new(agent, hot, calm);

    /// <summary>Reports each desired state of one workspace as it comes, and the other one besides.</summary>
    private sealed class Follower
    {
        private readonly TaskCompletionSource _seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task _running;
        private ulong _acknowledged;
        private ulong _awaited = ulong.MaxValue;

        public Follower(TestAgent agent, string hot, string calm) => _running = Run(agent, hot, calm);

        public async Task<ulong> Until(ulong generation)
        {
            Volatile.Write(ref _awaited, generation);
            if (Volatile.Read(ref _acknowledged) < generation)
                await Task.WhenAny(_seen.Task, _running).WaitAsync(TimeSpan.FromSeconds(60), Ct);
            return Volatile.Read(ref _acknowledged);
        }

        private async Task Run(TestAgent agent, string hot, string calm)
        {
            var sent = new Dictionary<ulong, ulong>();
            while (true)
            {
                var frame = await agent.Next(Ct);
                if (frame.WorkspaceDesired is { } desired && desired.WorkspaceId == hot)
                {
                    var state =
                        desired.Power == WorkspacePower.Running ? WorkspaceState.Running : WorkspaceState.Stopped;
                    var report = agent.Observation(hot, desired.Generation, state);
                    sent[report.Version] = desired.Generation;
                    await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
                    await agent.Observe(calm, 1, WorkspaceState.Running, Ct);
                }

                if (frame.ObservedAck is { } ack && sent.TryGetValue(ack.Version, out var generation))
                {
                    Volatile.Write(ref _acknowledged, Math.Max(_acknowledged, generation));
                    if (_acknowledged >= Volatile.Read(ref _awaited))
                        _seen.TrySetResult();
                }
            }
        }
    }

    private static async Task<IReadOnlyList<string>> Acknowledged(TestAgent agent, int count)
    {
        var ids = new List<string>();
        while (ids.Count < count)
            ids.Add((await agent.Next(Frame.ObservedAck, Ct)).ObservedAck.WorkspaceId);
        return ids;
    }

    /// <summary>From now on nothing of the workspace can be stored.</summary>
    private static Task Refuse(TestControlPlane plane, string workspaceId, string state) =>
        Execute(
            plane,
            $"""
            create or replace function mesh.refuse() returns trigger language plpgsql as
              $f$ begin raise exception 'refused' using errcode = '{state}'; end $f$;
            create trigger refuse before insert on mesh.mt_events for each row
              when (new.stream_id = '{StreamKeys.Workspace(workspaceId)}') execute function mesh.refuse();
            """
        );

    private static async Task Execute(TestControlPlane plane, string sql)
    {
        await using var database = NpgsqlDataSource.Create(plane.Database);
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
