using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Fuzz;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Orphans;
using Coder.Mesh.Shared;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;
using WorkspaceDecider = Coder.Mesh.ControlPlane.Workspaces.WorkspaceDecider;

namespace Coder.Mesh.ControlPlane.Tests.Base;

/// <summary>
/// Whatever a page has, a client that takes messages of 4 MiB, as gRPC's do unless told otherwise, can take it: the
/// test's own channel is one.
/// </summary>
public sealed class PageBytesTests(PostgresFixture postgres) : OrphanTestBase(postgres)
{
    private const int Limit = 4 * 1024 * 1024;

    private readonly string _namespaceUid = Guid.NewGuid().ToString();

    // Three bytes each.
    private static readonly string Long = new('€', 1_000);

    [Fact]
    public async Task Workspaces_with_all_the_environment_that_they_may_have_come_in_pages_that_fit()
    {
        const int Count = 40;
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await Exchange(agent);
        var (id, _) = await plane.BuiltIn(Ct);
        await UntilStatus(plane, id, ProviderStatus.Ready);
        var names = Enumerable.Range(0, Count).Select(i => $"w-{i:D3}").ToList();
        foreach (var name in names)
            await plane.Workspaces.CreateWorkspaceAsync(
                new() { Name = name, Spec = Largest() },
                plane.Admin,
                cancellationToken: Ct
            );

        var pages = await Pages(
            token => plane.Workspaces.ListWorkspacesAsync(Request(token), plane.Admin, cancellationToken: Ct),
            page => page.NextPageToken
        );

        Assert.Equal(names, pages.SelectMany(p => p.Workspaces).Select(w => w.Name));
        Assert.All(
            pages.SkipLast(1),
            p => Assert.True(p.CalculateSize() > PageBytes.Max / 2, "a page is nearly empty")
        );

        static ListWorkspacesRequest Request(string token) => new() { PageSize = 1_000, PageToken = token };
    }

    [Fact]
    public async Task Providers_with_long_annotations_come_in_pages_that_fit()
    {
        const int Count = 70;
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var details = new ProviderDetails();
        for (var i = 0; i < 20; i++)
            details.ServiceAccountAnnotations.Add($"a-{i}", Long);
        var names = Enumerable.Range(0, Count).Select(i => $"p-{i:D3}").ToList();
        foreach (var name in names)
            await plane.Providers.CreateProviderAsync(
                new() { Name = name, Details = details },
                plane.Admin,
                cancellationToken: Ct
            );

        var pages = await Pages(
            token => plane.Providers.ListProvidersAsync(Request(token), plane.Admin, cancellationToken: Ct),
            page => page.NextPageToken
        );

        Assert.Equal(names.Prepend("built-in"), pages.SelectMany(p => p.Providers).Select(p => p.Name));

        static ListProvidersRequest Request(string token) => new() { PageSize = 1_000, PageToken = token };
    }

    [Fact]
    public async Task Orphans_come_in_pages_that_fit_and_one_that_is_larger_than_any_workspace_has_no_description()
    {
        const int Count = 20;
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var held = Enumerable.Range(0, Count).Select(i => Held(agent, $"{i:x32}", 1, $"w-{i}")).ToList();
        foreach (var report in held.Skip(1))
            report.Held.Spec = Largest();
        held[0].Held.Spec.Env.Add("LARGE", new string('€', 250_000));
        foreach (var part in held.Chunk(2))
            await agent.Send(new ConnectRequest { Snapshot = new Snapshot { Workspaces = { part } } }, Ct);
        await Exchange(agent);

        var pages = await Pages(
            token => plane.Providers.ListOrphansAsync(Request(token), plane.Admin, cancellationToken: Ct),
            page => page.NextPageToken
        );

        var orphans = pages.SelectMany(p => p.Orphans).ToList();
        Assert.Equal(held.Select(h => h.WorkspaceId), orphans.Select(o => o.WorkspaceId));
        Assert.Equal(("", 0), (orphans[0].Name, orphans[0].Spec.Env.Count));
        Assert.Equal(held.Skip(1).Select(h => h.Held.Name), orphans.Skip(1).Select(o => o.Name));

        static ListOrphansRequest Request(string token) =>
            new()
            {
                Provider = "built-in",
                PageSize = 1_000,
                PageToken = token,
            };
    }

    [Fact]
    public async Task A_history_of_long_conditions_comes_in_pages_that_fit_without_a_gap()
    {
        // As many as one provider may store without waiting for its pace.
        const int Sessions = 12;
        const int PerSession = 6;
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, provider) = await plane.CreateProvider("west", Ct);
        for (var i = 0; i < Sessions; i++)
        {
            using var agent = await TestAgent.Attach(
                plane,
                provider,
                Ct,
                hello =>
                {
                    hello.NamespaceUid = _namespaceUid;
                    hello.Readiness = LongReport($"{i}-0-");
                }
            );
            for (var j = 1; j < PerSession; j++)
            {
                await agent.Heartbeat(Ct, LongReport($"{i}-{j}-"));
                var shown = $"{i}-{j}-";
                await Eventually(
                    () => plane.Provider("west", Ct),
                    p => p.Conditions.Any(c => c.Message.StartsWith(shown, StringComparison.Ordinal))
                );
            }
        }
        await Eventually(() => plane.Provider("west", Ct), p => !p.Agent.Attached);

        var pages = await Pages(
            token => plane.Providers.ListHistoryAsync(Request(token), plane.Admin, cancellationToken: Ct),
            page => page.NextPageToken
        );
        var one = new List<HistoryEntry>();
        var next = "";
        do
        {
            var request = Request(next);
            request.PageSize = 1;
            var page = await plane.Providers.ListHistoryAsync(request, plane.Admin, cancellationToken: Ct);
            one.AddRange(page.Entries);
            next = page.NextPageToken;
        } while (next.Length > 0);

        Assert.Equal(one, pages.SelectMany(p => p.Entries));
        Assert.Equal(Sessions * PerSession, one.Count(e => e.CalculateSize() > 60_000));

        static ListHistoryRequest Request(string token) =>
            new()
            {
                Provider = "west",
                PageSize = 1_000,
                PageToken = token,
            };
    }

    [Fact]
    public async Task A_long_timeline_comes_in_pages_that_fit_without_a_gap()
    {
        // A report has at most 32 KiB of entries, a generation at most 100 of them.
        const int Generations = 11;
        const int Reports = 4;
        const int PerReport = 24;
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var plane = await TestControlPlane.Start(Postgres, Ct, time);
        using var agent = await AttachBuiltIn(plane);
        await Exchange(agent);
        var (builtIn, _) = await plane.BuiltIn(Ct);
        await UntilStatus(plane, builtIn, ProviderStatus.Ready);
        var id = (await plane.CreateWorkspace("dev", Ct)).Id;
        for (var generation = 1; generation <= Generations; generation++)
        {
            for (var i = 0; i < Reports; i++)
                await Report(generation, i);
            var restart = new RestartWorkspaceRequest { Workspace = id };
            await plane.Workspaces.RestartWorkspaceAsync(restart, plane.Admin, cancellationToken: Ct);
        }

        var pages = await Pages(
            token => plane.Workspaces.ListTimelineAsync(Request(token), plane.Admin, cancellationToken: Ct),
            page => page.NextPageToken,
            total: 1024 * 1024
        );

        var entries = pages.SelectMany(p => p.Items).Where(i => i.Entry.Stage == TimelineStage.Notice).ToList();
        Assert.Equal(Generations * Reports * PerReport, entries.Select(e => e.Entry.Id).Distinct().Count());
        Assert.Equal(Generations * Reports * PerReport, entries.Count);

        async Task Report(int generation, int number)
        {
            await agent.Heartbeat(Ct);
            time.Advance(WorkspaceDecider.ReportPace.Interval);
            var report = agent.Observation(id, (ulong)generation, WorkspaceState.Starting);
            for (var i = 0; i < PerReport; i++)
                report.Timeline.Add(
                    new TimelineEntry
                    {
                        Id = $"{generation}-{number}-{i}",
                        Stage = TimelineStage.Notice,
                        Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UnixEpoch.AddMinutes(number)),
                        Code = new('c', CleanText.MaxCode),
                        Message = new('€', CleanText.MaxBytes / 3),
                    }
                );
            await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
            await agent.Next(Frame.ObservedAck, Ct);
        }

        ListTimelineRequest Request(string token) =>
            new()
            {
                Workspace = id,
                PageSize = 1_000,
                PageToken = token,
            };
    }

    [Fact]
    public void Every_list_is_one_of_those_whose_pages_are_measured() =>
        Assert.Equal(
            [
                "ListHistory",
                "ListOrganizations",
                "ListOrphans",
                "ListProviders",
                "ListTimeline",
                "ListTokens",
                "ListWorkspaces",
            ],
            FuzzedCalls
                .Methods.Where(m => m.OutputType.FindFieldByName("next_page_token") is not null)
                .Select(m => m.Name)
                .Order(StringComparer.Ordinal)
        );

    [Theory]
    [InlineData(1, 1)]
    [InlineData(99, 99)]
    [InlineData(250, 250)]
    [InlineData(1_000, 250)]
    public async Task A_page_of_small_resources_is_as_long_as_was_asked_for(int size, int expected)
    {
        var rows = Enumerable.Range(0, 250).Select(i => $"{i:D3}").ToList();
        var reads = 0;

        var (items, next) = await PageBytes.Fill(
            size,
            "",
            (after, count) =>
            {
                reads++;
                var page = rows.Where(r => string.CompareOrdinal(r, after) > 0).Take(count);
                return Task.FromResult<IReadOnlyList<string>>([.. page]);
            },
            page => Task.FromResult<IReadOnlyList<StringValue>>([.. page.Select(r => new StringValue { Value = r })]),
            row => row
        );

        Assert.Equal(rows.Take(expected), items.Select(i => i.Value));
        Assert.Equal(size >= 250 ? "" : Paging.Token(rows[size - 1]), next);
        Assert.InRange(reads, 1, 2);
    }

    private static WorkspaceSpec Largest()
    {
        var spec = TestControlPlane.Spec();
        for (var i = 0; i < 64; i++)
            spec.Command.Add(Long);
        for (var i = 0; i < 8; i++)
            spec.Env.Add($"E{i}", new string('€', 4_000));
        return spec;
    }

    private static ReadinessReport LongReport(string start)
    {
        var report = TestAgent.Ready();
        for (var i = report.Conditions.Count; i < 64; i++)
            report.Conditions.Add(
                new Condition
                {
                    Type = $"Own{i}",
                    Status = ConditionStatus.False,
                    Code = "own",
                    Message = start + Long,
                }
            );
        return report;
    }

    private static async Task<IReadOnlyList<T>> Pages<T>(
        Func<string, AsyncUnaryCall<T>> list,
        Func<T, string> next,
        int total = Limit
    )
        where T : IMessage
    {
        var pages = new List<T>();
        var token = "";
        do
        {
            pages.Add(await list(token));
            token = next(pages[^1]);
        } while (token.Length > 0);

        Assert.True(pages.Sum(p => p.CalculateSize()) > total, "The pages have too little to show anything.");
        Assert.All(pages, p => Assert.InRange(p.CalculateSize(), 1, Limit));
        return pages;
    }
}
