using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

/// <summary>How watches end, and why some don't begin.</summary>
public sealed class WatchEndTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task A_token_of_before_what_was_trimmed_is_out_of_range_and_a_later_one_is_not()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var old = await Token(plane);
        await plane.CreateProvider("west", Ct);
        var current = await Token(plane);
        await WatchProbe.TrimAll(plane, Ct);

        AssertExpired(await Refused(plane, old));
        using var watch = await WatchProbe.Providers(plane, Ct, new() { ResumeToken = current });
    }

    [Fact]
    public async Task A_token_of_another_database_or_of_a_later_copy_of_this_one_is_out_of_range()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var other = await TestControlPlane.Start(Postgres, Ct);
        var later = ResumeToken.Parse(await Token(plane))!.Value with
        {
            Position = new FeedPosition(ulong.MaxValue / 4, 1),
        };

        AssertExpired(await Refused(plane, await Token(other)));
        AssertExpired(await Refused(plane, later.ToText()));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("*")]
    [InlineData("YS9iL2M")]
    public async Task A_token_that_never_was_one_is_a_bad_field(string token)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var refused = await Refused(plane, token);

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Equal(["resume_token"], Fields(refused));
    }

    [Theory]
    [InlineData(16, 30_000)]
    [InlineData(4_096, 200)]
    public async Task A_watch_that_is_not_read_is_ended_and_goes_on_where_it_was(int kept, int writeTime)
    {
        var limits = new WatchLimits { KeptChanges = kept, WriteTime = TimeSpan.FromMilliseconds(writeTime) };
        await using var plane = await TestControlPlane.Start(Postgres, Ct, services: s => s.AddSingleton(limits));
        await plane.CreateProvider("west", Ct);
        using var probe = await WatchProbe.Providers(plane, Ct);
        // More than the windows of the stream hold.
        var reason = new string('x', 1000);
        const int Rounds = 500;
        for (var i = 0; i < Rounds; i++)
        {
            await plane.Providers.CordonProviderAsync(
                new() { Provider = "west", Reason = $"{i} {reason}" },
                plane.Admin,
                cancellationToken: Ct
            );
        }

        var told = new List<WatchProvidersResponse>();
        var end = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
                told.Add(await probe.Next(Ct));
        });
        Assert.Equal((StatusCode.ResourceExhausted, ErrorReasons.WatchTooSlow), (end.StatusCode, Reason(end)));
        Assert.InRange(told.Count, 1, Rounds - 1);
        while (told.Count < Rounds)
            await GoOn(plane, told, Rounds);
        Assert.Equal(
            Enumerable.Range(0, Rounds),
            told.Select(m => int.Parse(m.Provider.Cordon.Reason.Split(' ')[0], null))
        );
    }

    // With limits as tight as these the next watch may be ended too, where this machine is slow; it goes on likewise.
    private static async Task GoOn(TestControlPlane plane, List<WatchProvidersResponse> told, int rounds)
    {
        try
        {
            using var again = await WatchProbe.Providers(plane, Ct, new() { ResumeToken = told[^1].ResumeToken });
            while (told.Count < rounds)
                told.Add(await again.Next(Ct));
        }
        catch (RpcException e) when (Reason(e) == ErrorReasons.WatchTooSlow)
        {
            // From the last token that was read.
        }
    }

    [Fact]
    public async Task A_replica_takes_no_more_watches_than_it_may_and_a_place_is_free_again()
    {
        await using var plane = await TestControlPlane.Start(
            Postgres,
            Ct,
            services: s => s.AddSingleton(new WatchLimits { Watches = 1 })
        );
        using (await WatchProbe.Providers(plane, Ct))
        {
            var refused = await Refused(plane, "");
            Assert.Equal(
                (StatusCode.ResourceExhausted, ErrorReasons.TooManyWatches),
                (refused.StatusCode, Reason(refused))
            );
        }

        await Eventually(
            async () => await Record.ExceptionAsync(() => WatchProbe.Providers(plane, Ct)),
            refused => refused is null
        );
    }

    [Fact]
    public async Task A_replica_that_stops_ends_its_watches_first()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var channel = GrpcChannel.ForAddress(plane.GrpcAddress);
        using var watch = new WatchProbe<WatchProvidersResponse>(
            new ProviderService.ProviderServiceClient(channel).WatchProviders(
                new(),
                plane.Admin,
                cancellationToken: Ct
            ),
            m => m.Type
        );
        await watch.Any(Ct);
        var end = watch.End(Ct);

        await plane.Stop();

        var told = await end;
        Assert.Equal((StatusCode.Unavailable, ErrorReasons.ServerRestarting), (told.StatusCode, Reason(told)));
    }

    [Fact]
    public async Task Every_watch_of_a_replica_that_stops_in_the_middle_of_changes_hears_why_and_none_is_cut()
    {
        const int Watches = 40;
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.CreateProvider("west", Ct);
        var channels = Enumerable.Range(0, Watches).Select(_ => GrpcChannel.ForAddress(plane.GrpcAddress)).ToList();
        var watches = channels.ConvertAll(channel => new WatchProbe<WatchProvidersResponse>(
            new ProviderService.ProviderServiceClient(channel).WatchProviders(
                new(),
                plane.Admin,
                cancellationToken: Ct
            ),
            m => m.Type
        ));
        foreach (var watch in watches)
            await watch.Any(Ct);
        var changing = Change(plane);
        await watches[0].Next(Ct);
        var ends = watches.ConvertAll(w => w.End(Ct));

        await plane.Stop();
        var told = await Task.WhenAll(ends);
        await changing;
        watches.ForEach(w => w.Dispose());
        channels.ForEach(c => c.Dispose());

        Assert.Equal(
            Enumerable.Repeat(ErrorReasons.ServerRestarting, Watches),
            told.Select(e => Reason(e) ?? e.Status.Detail)
        );
    }

    private static async Task Change(TestControlPlane plane)
    {
        try
        {
            for (var i = 0; ; i++)
                await plane.Providers.CordonProviderAsync(
                    new() { Provider = "west", Reason = $"{i} {new string('x', 900)}" },
                    plane.Admin,
                    cancellationToken: Ct
                );
        }
        catch (RpcException)
        {
            // It has stopped.
        }
    }

    /// <summary>As a later version writes it, whose replicas run beside this one during an upgrade.</summary>
    [Fact]
    public async Task A_change_that_cannot_be_told_ends_the_watches_and_the_next_ones_go_on_after_it()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var workspace = await mesh.Plane.CreateWorkspace("dev", Ct);
        var before = await Token(mesh.Plane);
        using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct);
        await Tomorrow(mesh.Database, workspace.Id);

        AssertExpired(await watch.End(Ct));
        using var again = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { ResumeToken = before });
        AssertExpired(await again.End(Ct));
        using var next = await WatchProbe.Workspaces(mesh.Plane, Ct);
        var other = await mesh.Plane.CreateWorkspace("other", Ct);
        Assert.Equal(other.Id, (await next.Next(Ct)).Workspace.Id);
    }

    [Fact]
    public async Task A_change_that_cannot_be_told_ends_no_watch_that_begins_after_it()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        var workspace = await mesh.Plane.CreateWorkspace("dev", Ct);
        await Tomorrow(mesh.Database, workspace.Id);

        using var watch = await WatchProbe.Workspaces(mesh.Plane, Ct);
        var other = await mesh.Plane.CreateWorkspace("other", Ct);

        Assert.Equal(other.Id, (await watch.Next(Ct)).Workspace.Id);
    }

    /// <summary>Whoever listens must not take it for dead, and has to come back to where it was.</summary>
    [Fact]
    public async Task A_watch_says_how_far_it_has_come_while_it_reads_a_long_past_by_itself()
    {
        // The log holds less than what is to be told.
        var limits = new WatchLimits { KeptChanges = 16, ProgressInterval = TimeSpan.FromTicks(1) };
        await using var mesh = await Rules.Mesh.Start(Postgres, s => s.AddSingleton(limits), Ct);
        await mesh.BuiltInReady();
        await mesh.Create("west");
        var begin = await Token(mesh.Plane);
        for (var i = 0; i < ChangeProjector.MaxRows + 10; i++)
            await mesh.Cordon("west", $"{i}");
        // Until the log is past all of it.
        using var present = await WatchProbe.Providers(mesh.Plane, Ct);
        await mesh.Cordon("west", "last");
        await present.Next(Ct);

        using var watch = await WatchProbe.Providers(mesh.Plane, Ct, new() { ResumeToken = begin, Region = "nowhere" });
        var first = await watch.Any(Ct);
        // Of a row: where the feed is now lies between the transactions.
        Assert.NotEqual(long.MaxValue, ResumeToken.Parse(first.ResumeToken)!.Value.Position.RowId);
        AssertLater(begin, first.ResumeToken);
    }

    [Fact]
    public async Task Without_news_a_watch_says_how_far_it_has_come()
    {
        var limits = new WatchLimits { ProgressInterval = TimeSpan.FromMilliseconds(50) };
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await using var plane = await TestControlPlane.Start(
            Postgres,
            Ct,
            database: mesh.Database,
            services: s => s.AddSingleton(limits)
        );
        // Of nothing that happens here: its place moves all the same.
        using var watch = await WatchProbe.Providers(plane, Ct, new() { Region = "nowhere" });
        var before = await watch.Any(Ct);
        await mesh.Create("west");

        var after = await Eventually<WatchProvidersResponse>(
            () => watch.Any(Ct),
            m => m.ResumeToken != before.ResumeToken
        );

        Assert.Equal(ChangeType.Progress, after.Type);
        AssertLater(before.ResumeToken, after.ResumeToken);
    }

    /// <summary>Appends what no version up to now knows.</summary>
    private static async Task Tomorrow(string connection, string workspaceId)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using (
            var append = database.CreateCommand(
                $$"""
                insert into mesh.mt_events
                select (jsonb_populate_record(e, jsonb_build_object(
                    'seq_id', nextval('mesh.mt_events_sequence'), 'id', gen_random_uuid(), 'version', e.version + 1,
                    'type', 'workspace.of_tomorrow.v1', 'mt_dotnet_type', 'Of.Tomorrow, Of'))).*
                from mesh.mt_events e where stream_id = 'workspace-{{workspaceId}}' order by version desc limit 1;
                insert into {{ChangeFeed.Table}} (stream, version_before, version_after)
                values ('workspace-{{workspaceId}}', 1, 2)
                """
            )
        )
            await append.ExecuteNonQueryAsync(Ct);
    }

    private static void AssertLater(string before, string after) =>
        Assert.True(ResumeToken.Parse(before)!.Value.Position < ResumeToken.Parse(after)!.Value.Position);

    private static void AssertExpired(RpcException e) =>
        Assert.Equal((StatusCode.OutOfRange, ErrorReasons.ResumeTokenExpired), (e.StatusCode, Reason(e)));

    private static async Task<string> Token(TestControlPlane plane)
    {
        await WatchProbe.Settled(plane, Ct);
        return (await plane.Providers.ListProvidersAsync(new(), plane.Admin, cancellationToken: Ct)).ResumeToken;
    }

    private static async Task<RpcException> Refused(TestControlPlane plane, string token)
    {
        using var call = plane.Providers.WatchProviders(
            new() { ResumeToken = token },
            plane.Admin,
            cancellationToken: Ct
        );
        return await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(Ct));
    }
}
