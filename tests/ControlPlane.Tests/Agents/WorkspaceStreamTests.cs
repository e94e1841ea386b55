using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Npgsql;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

public sealed class WorkspaceStreamTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task A_created_workspace_reaches_the_agent_and_its_report_the_store()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);

        var created = await plane.CreateWorkspace("dev", Ct);
        var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        await agent.Observe(created.Id, 1, WorkspaceState.Running, Ct);
        var ack = (await agent.Next(Frame.ObservedAck, Ct)).ObservedAck;

        Assert.Equal(
            (created.Id, 1ul, WorkspacePower.Running),
            (desired.WorkspaceId, desired.Generation, desired.Power)
        );
        Assert.Equal("example/image:1", desired.Spec.Image);
        Assert.Equal((created.Id, 1ul), (ack.WorkspaceId, ack.Version));
        Assert.Equal(WorkspaceState.Running, (await plane.Workspace("dev", Ct)).State);
    }

    [Fact]
    public async Task Nothing_is_sent_before_the_first_snapshot_is_complete()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await GreetReady(plane);
        await plane.CreateWorkspace("dev", Ct);

        await agent.Heartbeat(Ct);
        Assert.Equal(Frame.HeartbeatAck, (await agent.Next(Ct)).FrameCase);
        await agent.Snapshot(Ct);

        Assert.Equal(Frame.WorkspaceDesired, (await agent.Next(Ct)).FrameCase);
        Assert.Equal(Frame.SnapshotComplete, (await agent.Next(Ct)).FrameCase);
    }

    [Fact]
    public async Task Stop_and_start_raise_the_generation_and_delete_is_Deleting_until_the_agent_reports_Deleted()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await agent.Snapshot(Ct);
        // Or the answer to the snapshot may tell of the workspace too.
        await agent.Next(Frame.SnapshotComplete, Ct);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);

        await plane.Workspaces.StopWorkspaceAsync(
            new StopWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        var stop = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        await plane.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        var removed = (await agent.Next(Frame.WorkspaceRemoved, Ct)).WorkspaceRemoved;
        var deleting = await plane.Workspace(id, Ct);
        await agent.Observe(id, removed.Generation, WorkspaceState.Deleted, Ct);
        await agent.Next(Frame.ObservedAck, Ct);

        Assert.Equal((2ul, WorkspacePower.Stopped), (stop.Generation, stop.Power));
        Assert.Equal((3ul, WorkspaceState.Deleting), (removed.Generation, deleting.State));
        Assert.Equal(WorkspaceState.Deleted, (await plane.Workspace(id, Ct)).State);
        Assert.Empty(
            (
                await plane.Workspaces.ListWorkspacesAsync(
                    new ListWorkspacesRequest(),
                    plane.Admin,
                    cancellationToken: Ct
                )
            ).Workspaces
        );
    }

    [Fact]
    public async Task R11_a_snapshot_that_lacks_a_workspace_means_apply_it_again()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Snapshot(Ct, agent.Observation(id, 1, WorkspaceState.Running));
        await agent.Next(Frame.SnapshotComplete, Ct);

        await agent.Snapshot(Ct);
        var again = await agent.Next(Frame.WorkspaceDesired, Ct);

        Assert.Equal((id, 1ul), (again.WorkspaceDesired.WorkspaceId, again.WorkspaceDesired.Generation));
    }

    [Fact]
    public async Task R11_what_ended_is_removed_again_after_every_snapshot_and_what_nobody_knows_is_left_alone()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await agent.Snapshot(Ct);
        // Or the answer to the snapshot may tell of the workspace too.
        await agent.Next(Frame.SnapshotComplete, Ct);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await plane.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        await agent.Next(Frame.WorkspaceRemoved, Ct);
        await agent.Observe(id, 2, WorkspaceState.Deleted, Ct);
        await agent.Next(Frame.ObservedAck, Ct);

        var orphan = Guid.NewGuid().ToString("n");
        await agent.Snapshot(
            Ct,
            agent.Observation(id, 1, WorkspaceState.Running),
            agent.Observation(orphan, 1, WorkspaceState.Running)
        );
        var frames = new List<ConnectResponse>();
        do frames.Add(await agent.Next(Ct));
        while (frames[^1].FrameCase != Frame.SnapshotComplete);

        var about = frames.Where(f => f.FrameCase is Frame.WorkspaceRemoved or Frame.WorkspaceDesired).ToList();
        Assert.Equal(
            (id, 2ul),
            (Assert.Single(about).WorkspaceRemoved.WorkspaceId, about[0].WorkspaceRemoved.Generation)
        );
        Assert.Equal(WorkspaceState.Deleted, (await plane.Workspace(id, Ct)).State);
    }

    [Fact]
    public async Task R10_a_first_snapshot_ahead_of_the_store_raises_the_generation_and_deletes_nothing()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await GreetReady(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;

        await agent.Snapshot(Ct, agent.Observation(id, 41, WorkspaceState.Running));
        var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

        Assert.Equal((id, 42ul, WorkspacePower.Running), (desired.WorkspaceId, desired.Generation, desired.Power));
    }

    [Fact]
    public async Task A_snapshot_in_parts_counts_when_it_is_complete()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await GreetReady(plane);
        var first = (await plane.CreateWorkspace("one", Ct)).Id;
        var second = (await plane.CreateWorkspace("two", Ct)).Id;

        foreach (var id in new[] { first, second })
            await agent.Send(
                new ConnectRequest
                {
                    Snapshot = new Snapshot { Workspaces = { agent.Observation(id, 1, WorkspaceState.Running) } },
                },
                Ct
            );
        await agent.Snapshot(Ct);
        var frames = new List<Frame>();
        do frames.Add((await agent.Next(Ct)).FrameCase);
        while (frames[^1] != Frame.SnapshotComplete);

        Assert.DoesNotContain(Frame.WorkspaceDesired, frames);
    }

    [Fact]
    public async Task R8_reports_of_a_session_that_the_store_gives_to_another_are_not_stored_and_end_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await agent.Snapshot(Ct);
        // Or the answer to the snapshot may tell of the workspace too.
        await agent.Next(Frame.SnapshotComplete, Ct);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await agent.Next(Frame.WorkspaceDesired, Ct);
        // Another replica's attach, as the store shows it; this replica has not heard of it.
        await using (var connection = new NpgsqlConnection(plane.Database))
        {
            await connection.OpenAsync(Ct);
            await using var command = new NpgsqlCommand(
                """update mesh.mt_doc_providerpresence set data = jsonb_set(data, '{Epoch}', '99') where (data ->> 'Epoch')::int = 1""",
                connection
            );
            Assert.Equal(1, await command.ExecuteNonQueryAsync(Ct));
        }

        await agent.Observe(id, 1, WorkspaceState.Running, Ct);

        Assert.Equal(ErrorReasons.SessionSuperseded, Reason(await agent.End(Ct)));
        Assert.Equal(WorkspaceState.Pending, (await plane.Workspace(id, Ct)).State);
    }

    [Fact]
    public async Task Many_reports_of_one_workspace_end_in_the_latest()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await agent.Snapshot(Ct);
        // Or the answer to the snapshot may tell of the workspace too.
        await agent.Next(Frame.SnapshotComplete, Ct);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;

        for (var i = 0; i < 200; i++)
            await agent.Observe(id, 1, i % 2 == 0 ? WorkspaceState.Starting : WorkspaceState.Running, Ct);
        ObservedAck ack;
        do ack = (await agent.Next(Frame.ObservedAck, Ct)).ObservedAck;
        while (ack.Version < 200);

        Assert.Equal(WorkspaceState.Running, (await plane.Workspace(id, Ct)).State);
    }

    [Fact]
    public async Task Control_characters_and_length_of_what_a_cluster_says_are_cut()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await agent.Snapshot(Ct);
        // Or the answer to the snapshot may tell of the workspace too.
        await agent.Next(Frame.SnapshotComplete, Ct);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        var report = agent.Observation(id, 1, WorkspaceState.Failed);
        (report.Code, report.Message) = ("image_pull", "\u001b[31mno\u0007" + new string('x', 5000));

        await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
        var failed = await UntilState(plane, "dev", WorkspaceState.Failed);

        Assert.Equal(1024, failed.StateMessage.Length);
        Assert.StartsWith(" [31mno x", failed.StateMessage, StringComparison.Ordinal);
    }

    private static async Task<TestAgent> AttachBuiltIn(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        return await TestAgent.Attach(plane, token, Ct);
    }

    /// <summary>
    /// Of a provider that an earlier session has made Ready; the first snapshot of this one is still to be sent.
    /// </summary>
    private static async Task<TestAgent> GreetReady(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        using (await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u"))
            return await TestAgent.Greet(plane, token, Ct, h => h.NamespaceUid = "u");
    }
}
