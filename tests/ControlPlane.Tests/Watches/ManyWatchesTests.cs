using System.Diagnostics;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class ManyWatchesTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    /// <summary>
    /// They share one reader of the feed: what the store is asked while they run doesn't grow with their number.
    /// </summary>
    [Fact]
    public async Task A_thousand_watches_of_one_replica_ask_the_store_no_more_than_one_does()
    {
        const int Watches = 1_000;
        const int Changes = 20;
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        using var channel = Channel(mesh.Plane);
        var calls = Watch(channel, mesh.Plane, Watches, new() { Provider = "west" });
        await Task.WhenAll(calls.Select(c => c.ResponseStream.MoveNext(Ct)));

        using var commands = new CountedCommands(mesh.Database);
        for (var i = 0; i < Changes; i++)
            await mesh.Cordon("west", $"reason {i}");
        await Task.WhenAll(calls.Select(c => UntilReason(c.ResponseStream, $"reason {Changes - 1}")));

        // Of each change: its own write, and what the reader of the feed asks for it.
        Assert.InRange(commands.Count, Changes, Changes * 40);
        calls.ForEach(c => c.Dispose());
    }

    /// <summary>A replica that has just started reads what they have missed once for all of them.</summary>
    [Fact]
    public async Task Watches_that_come_back_after_a_restart_ask_the_store_for_the_past_no_more_than_one_does()
    {
        const int Watches = 100;
        const int Changes = 250;
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await WatchProbe.Settled(mesh.Plane, Ct);
        var list = await mesh.Plane.Providers.ListProvidersAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        for (var i = 0; i < Changes; i++)
            await mesh.Cordon("west", $"reason {i}");
        await using var restarted = await TestControlPlane.Start(Postgres, Ct, database: mesh.Database);
        using var first = await WatchProbe.Providers(restarted, Ct, new() { ResumeToken = list.ResumeToken });
        for (var i = 0; i < Changes; i++)
            Assert.Equal($"reason {i}", (await first.Next(Ct)).Provider.Cordon?.Reason);

        using var commands = new CountedCommands(mesh.Database);
        using var channel = Channel(restarted);
        var request = new WatchProvidersRequest { Provider = "west", ResumeToken = list.ResumeToken };
        var calls = Watch(channel, restarted, Watches, request);
        var told = await Task.WhenAll(calls.Select(c => UntilReason(c.ResponseStream, $"reason {Changes - 1}")));

        Assert.All(told, count => Assert.Equal(Changes, count));
        // Of each: its token, whether it may go on there, which provider it names. The past is two pages, and its
        // streams.
        Assert.InRange(commands.Count, Watches, Watches * 6);
        calls.ForEach(c => c.Dispose());
    }

    private static GrpcChannel Channel(TestControlPlane plane) =>
        GrpcChannel.ForAddress(
            plane.GrpcAddress,
            new()
            {
                HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true },
                DisposeHttpClient = true,
            }
        );

    private static List<AsyncServerStreamingCall<WatchProvidersResponse>> Watch(
        GrpcChannel channel,
        TestControlPlane plane,
        int count,
        WatchProvidersRequest request
    )
    {
        var client = new ProviderService.ProviderServiceClient(channel);
        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(_ => client.WatchProviders(request, plane.Admin, cancellationToken: Ct)),
        ];
    }

    /// <returns>How many changes were told.</returns>
    private static async Task<int> UntilReason(IAsyncStreamReader<WatchProvidersResponse> messages, string reason)
    {
        var versions = new List<ulong>();
        var last = "";
        while (last != reason)
        {
            Assert.True(await messages.MoveNext(Ct).WaitAsync(TimeSpan.FromSeconds(60), Ct));
            if (messages.Current is not { Type: ChangeType.Changed, Provider: var provider })
                continue;
            versions.Add(provider.ResourceVersion);
            last = provider.Cordon?.Reason;
        }

        Assert.Equal(versions.Order(), versions);
        return versions.Count;
    }

    /// <summary>What is asked of one database, by the spans of its client.</summary>
    private sealed class CountedCommands : IDisposable
    {
        private readonly ActivityListener _listener;
        private int _count;

        public CountedCommands(string database)
        {
            var name = new Npgsql.NpgsqlConnectionStringBuilder(database).Database;
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "Npgsql",
                Sample = (ref _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    if (
                        activity.GetTagItem("db.name") as string == name
                        || activity.GetTagItem("db.namespace") as string == name
                    )
                        Interlocked.Increment(ref _count);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public int Count => Volatile.Read(ref _count);

        public void Dispose() => _listener.Dispose();
    }
}
