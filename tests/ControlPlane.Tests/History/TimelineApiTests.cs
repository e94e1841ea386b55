using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using EmptyVolumes = Coder.Mesh.ControlPlane.Providers.EmptyVolumes;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.History;

/// <summary>The story of a workspace, from the agent's reports to the API.</summary>
public sealed class TimelineApiTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private readonly string _namespace = Guid.NewGuid().ToString();

    private static readonly DateTimeOffset Cluster = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Wishes_and_what_came_of_them_are_one_story_in_order()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;

        // The times are the cluster's, and are heard of in another order.
        await Tell(agent, id, 1, WorkspaceState.Starting, Entry("b", 2, TimelineStage.Scheduled));
        await Tell(
            agent,
            id,
            1,
            WorkspaceState.Running,
            Entry("b", 2, TimelineStage.Scheduled),
            Entry("a", 1, TimelineStage.VolumeBound),
            Entry("c", 3, TimelineStage.Ready),
            Entry("late", 3, TimelineStage.Started)
        );
        await Request(
            plane,
            p => p.RestartWorkspaceAsync(new() { Workspace = id }, plane.Admin, cancellationToken: Ct)
        );
        await Tell(agent, id, 2, WorkspaceState.Failed, Entry("d", 9, TimelineStage.Failed, "unschedulable", "no cpu"));
        await Request(plane, p => p.StopWorkspaceAsync(new() { Workspace = id }, plane.Admin, cancellationToken: Ct));
        await Request(plane, p => p.DeleteWorkspaceAsync(new() { Workspace = id }, plane.Admin, cancellationToken: Ct));
        await Tell(agent, id, 4, WorkspaceState.Deleted);

        var story = (await List(plane, id)).Items;

        Assert.Equal(
            [
                "1 admin Created: image example/image:1",
                "1 agent VolumeBound",
                "1 agent Scheduled",
                "1 agent Started",
                "1 agent Ready",
                "2 admin RestartRequested",
                "2 agent Failed unschedulable: no cpu",
                "3 admin StopRequested",
                "4 admin DeleteRequested",
                "4 agent Deleted",
            ],
            story.Select(Line)
        );
        Assert.Equal(Cluster.AddSeconds(9), story[6].Entry.Time.ToDateTimeOffset());
        Assert.Equal(story.Count, story.Select(i => (i.Generation, i.Entry.Id)).Distinct().Count());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task Pages_have_the_size_that_was_asked_for_and_amount_to_the_whole(int size)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await Tell(agent, id, 1, WorkspaceState.Running, [.. Entries(3)]);
        await Request(
            plane,
            p => p.RestartWorkspaceAsync(new() { Workspace = id }, plane.Admin, cancellationToken: Ct)
        );
        await Tell(agent, id, 2, WorkspaceState.Running, [.. Entries(2, "r")]);
        var whole = (await List(plane, id)).Items;

        var (pages, token) = (new List<ListTimelineResponse>(), "");
        do
        {
            pages.Add(await List(plane, id, r => (r.PageSize, r.PageToken) = (size, token)));
            token = pages[^1].NextPageToken;
        } while (token.Length > 0 && pages.Count < 10);

        Assert.Equal(7, whole.Count);
        Assert.Equal(whole, pages.SelectMany(p => p.Items));
        Assert.All(pages.SkipLast(1), p => Assert.Equal(size, p.Items.Count));
    }

    [Fact]
    public async Task One_that_waits_reads_only_what_its_wish_has_led_to()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await Tell(agent, id, 1, WorkspaceState.Running, Entry("a", 1, TimelineStage.Ready));
        await Request(
            plane,
            p => p.RestartWorkspaceAsync(new() { Workspace = id }, plane.Admin, cancellationToken: Ct)
        );
        // Of the generation before, and stored after the wish.
        await Tell(agent, id, 1, WorkspaceState.Failed, Entry("a", 1, TimelineStage.Ready), Entry("b", 2));
        await Tell(agent, id, 2, WorkspaceState.Running, Entry("c", 3, TimelineStage.Ready));

        var since = (await List(plane, id, r => r.MinGeneration = 2)).Items;

        Assert.Equal(["2 admin RestartRequested", "2 agent Ready"], since.Select(Line));
    }

    [Fact]
    public async Task What_a_restarted_agent_tells_again_is_there_once()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var first = await Attached(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await Tell(first, id, 1, WorkspaceState.Starting, Entry("a", 1), Entry("b", 2));
        first.Dispose();

        using var second = await Attached(plane, snapshot: false);
        var held = second.Observation(id, 1, WorkspaceState.Starting);
        held.Timeline.Add([Entry("a", 7), Entry("b", 8), Entry("c", 9)]);
        await second.Snapshot(Ct, held);
        await second.Next(Frame.ObservedAck, Ct);

        var story = (await List(plane, id)).Items;

        Assert.Equal(["a", "b", "c"], story.Skip(1).Select(i => i.Entry.Id));
        Assert.Equal(Cluster.AddSeconds(1), story[1].Entry.Time.ToDateTimeOffset());
    }

    [Fact]
    public async Task A_volume_that_had_to_be_made_anew_is_told_where_it_is_bound()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await Tell(agent, id, 1, WorkspaceState.Running, Entry("c1", 1, TimelineStage.VolumeBound));

        await agent.Snapshot(Ct);
        await agent.Next(Frame.WorkspaceDesired, Ct);
        await Tell(
            agent,
            id,
            1,
            WorkspaceState.Running,
            Entry("c2", 5, TimelineStage.VolumeBound),
            Entry("r", 5, TimelineStage.Ready)
        );

        Assert.Equal(
            [
                TimelineStage.VolumeBound,
                TimelineStage.VolumeCreatedAnew,
                TimelineStage.VolumeBound,
                TimelineStage.Ready,
            ],
            (await List(plane, id)).Items.Skip(1).Select(i => i.Entry.Stage)
        );
    }

    [Fact]
    public async Task An_empty_disk_is_told_by_its_workspace_in_each_reading_and_by_its_provider_for_some_days()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var (dev, web) = ((await plane.CreateWorkspace("dev", Ct)).Id, (await plane.CreateWorkspace("web", Ct)).Id);
        foreach (var id in new[] { dev, web })
            await Tell(agent, id, 1, WorkspaceState.Running, Entry("c1", 1, TimelineStage.VolumeBound));
        var (kept, none) = (await plane.Workspace("dev", Ct), await Volumes(plane));
        var start = new ListWorkspacesRequest();
        var token = (await plane.Workspaces.ListWorkspacesAsync(start, plane.Admin, cancellationToken: Ct)).ResumeToken;

        await Tell(agent, dev, 1, WorkspaceState.Running, Entry("c2", 5, TimelineStage.VolumeBound));
        var got = await plane.Workspace("dev", Ct);
        var listed = await plane.Workspaces.ListWorkspacesAsync(start, plane.Admin, cancellationToken: Ct);
        using var watch = plane.Workspaces.WatchWorkspaces(
            new WatchWorkspacesRequest { ResumeToken = token },
            plane.Admin,
            cancellationToken: Ct
        );
        // Versions before it may come first.
        Workspace? told = null;
        while (told?.VolumeCreatedAnewTime is null && await watch.ResponseStream.MoveNext(Ct))
            told = watch.ResponseStream.Current.Workspace;
        var one = await Volumes(plane);
        await Tell(agent, web, 1, WorkspaceState.Running, Entry("c3", 6, TimelineStage.VolumeBound));
        var two = await Volumes(plane);
        var database = plane.Services.GetRequiredService<NpgsqlDataSource>();
        var later = got.VolumeCreatedAnewTime.ToDateTimeOffset().AddMicroseconds(2);
        await using var connection = await database.OpenConnectionAsync(Ct);
        var after = (await EmptyVolumes.Of(connection, [got.ProviderId], later, Ct))[got.ProviderId];

        Assert.Null(kept.VolumeCreatedAnewTime);
        Assert.NotNull(got.VolumeCreatedAnewTime);
        Assert.Equal(got, Assert.Single(listed.Workspaces, w => w.Id == dev));
        Assert.Equal(got, told);
        Assert.Equal((ConditionStatus.True, ""), (none.Status, none.Code));
        Assert.Equal((ConditionStatus.False, "volume_created_anew"), (one.Status, one.Code));
        Assert.Equal(
            "The home disk of 1 workspace was created anew in the last 7 days, and is empty unless it was restored: dev.",
            one.Message
        );
        Assert.Equal(got.VolumeCreatedAnewTime, one.SinceTime);
        Assert.Contains("2 workspaces", two.Message, StringComparison.Ordinal);
        Assert.Equal((1, "web"), (after.Count, Assert.Single(after.Names)));
    }

    private static async Task<Condition> Volumes(TestControlPlane plane) =>
        Assert.Single((await plane.Provider("built-in", Ct)).Conditions, c => c.Type == ConditionTypes.VolumesKept);

    [Fact]
    public async Task The_end_of_a_lost_workspace_is_told_and_found_by_its_id()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (providerId, token) = await plane.CreateProvider("remote", Ct);
        using (await TestAgent.Attach(plane, token, Ct))
            await UntilStatus(plane, "remote", ProviderStatus.Ready);
        await plane.Organizations.AllowProviderAsync(
            new AllowProviderRequest { Organization = "default", Provider = "remote" },
            plane.Admin,
            cancellationToken: Ct
        );
        var workspace = await plane.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest
            {
                Name = "dev",
                Provider = providerId,
                Spec = TestControlPlane.Spec(),
            },
            plane.Admin,
            cancellationToken: Ct
        );
        await plane.Providers.ForgetProviderAsync(
            new ForgetProviderRequest
            {
                Provider = "remote",
                ConfirmName = "remote",
                Force = true,
                Reason = "the cluster burnt down",
            },
            plane.Admin,
            cancellationToken: Ct
        );

        var end = Line((await List(plane, workspace.Workspace.Id)).Items[^1]);

        Assert.StartsWith("1 admin Lost: ", end, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("too many", "timeline: must have at most 100 entries, has 101")]
    [InlineData("too long", "timeline: must have at most 32768 bytes")]
    [InlineData("nameless", "timeline.id: must have 1 to 64 characters")]
    [InlineData("long name", "timeline.id: must have 1 to 64 characters")]
    public async Task A_timeline_over_its_limits_breaks_the_protocol(string what, string rule)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var report = agent.Observation((await plane.CreateWorkspace("dev", Ct)).Id, 1, WorkspaceState.Starting);
        report.Timeline.Add(
            what switch
            {
                "too many" => [.. Entries(101)],
                "too long" => [.. Entries(40, message: new string('x', 1000))],
                "nameless" => [Entry("", 1)],
                _ => [Entry(new string('x', 65), 1)],
            }
        );

        await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
        var end = await agent.End(Ct);

        Assert.Equal(ErrorReasons.ProtocolViolation, Reason(end));
        Assert.Contains(rule, end.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_agent_says_is_cleaned_and_what_it_may_not_say_is_a_notice()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        await Tell(
            agent,
            id,
            1,
            WorkspaceState.Starting,
            Entry("a", 1, TimelineStage.Failed, "co\u0007de", "\u001b[31mno"),
            Entry("b", 2, TimelineStage.VolumeCreatedAnew),
            Entry("c", 3, (TimelineStage)29)
        );

        var story = (await List(plane, id)).Items;

        Assert.Equal("1 agent Failed co_de:  [31mno", Line(story[1]));
        Assert.Equal(["1 agent Notice", "1 agent Notice"], story.Skip(2).Select(Line));
    }

    [Theory]
    [InlineData("nonsense!", "page_token")]
    [InlineData("MTI=", "page_token")]
    [InlineData("", "workspace")]
    public async Task A_bad_request_is_refused_by_its_field(string token, string field)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var refused = await Assert.ThrowsAsync<RpcException>(() =>
            List(plane, field == "workspace" ? "" : "dev", r => r.PageToken = token)
        );

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Equal([field], Fields(refused));
    }

    private async Task<TestAgent> Attached(TestControlPlane plane, bool snapshot = true)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        // Each time it is the same cluster that it is in.
        var agent = await TestAgent.Attach(plane, token, Ct, hello => hello.NamespaceUid = _namespace);
        if (!snapshot)
            return agent;
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        return agent;
    }

    private static async Task Tell(
        TestAgent agent,
        string id,
        ulong generation,
        WorkspaceState state,
        params TimelineEntry[] timeline
    )
    {
        var report = agent.Observation(id, generation, state);
        report.Timeline.Add(timeline);
        await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
        ObservedAck ack;
        do ack = (await agent.Next(Frame.ObservedAck, Ct)).ObservedAck;
        while (ack.Version != report.Version);
    }

    private static async Task Request<T>(
        TestControlPlane plane,
        Func<WorkspaceService.WorkspaceServiceClient, AsyncUnaryCall<T>> wish
    ) => await wish(plane.Workspaces);

    private static async Task<ListTimelineResponse> List(
        TestControlPlane plane,
        string workspace,
        Action<ListTimelineRequest>? with = null
    )
    {
        var request = new ListTimelineRequest { Workspace = workspace };
        with?.Invoke(request);
        return await plane.Workspaces.ListTimelineAsync(request, plane.Admin, cancellationToken: Ct);
    }

    private static IEnumerable<TimelineEntry> Entries(int count, string prefix = "e", string message = "") =>
        Enumerable.Range(0, count).Select(i => Entry($"{prefix}{i}", i, message: message));

    private static TimelineEntry Entry(
        string id,
        int second,
        TimelineStage stage = TimelineStage.Waiting,
        string code = "",
        string message = ""
    ) =>
        new()
        {
            Id = id,
            Time = Cluster.AddSeconds(second).ToTimestamp(),
            Stage = stage,
            Code = code,
            Message = message,
        };

    private static string Line(TimelineItem item)
    {
        var who = item.ActorKind == ActorKind.Agent ? "agent" : item.ActorId;
        var code = item.Entry.Code.Length > 0 ? $" {item.Entry.Code}" : "";
        var words = item.Entry.Message.Length > 0 ? $": {item.Entry.Message}" : "";
        return $"{item.Generation} {who} {item.Entry.Stage}{code}{words}";
    }
}
