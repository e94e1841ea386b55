using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.ControlPlane.Tests.Api.Calls;

/// <summary>Callers that hang up, in the middle of whatever: everyday, and no error in the log.</summary>
public sealed class HangUpTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Body = """{"name": "west"}""";

    private int _lines;

    [Theory]
    [InlineData("providers", false)]
    [InlineData("providers", true)]
    [InlineData("workspaces", false)]
    [InlineData("workspaces", true)]
    public async Task A_JSON_watch_whose_reader_ends_writes_no_line(string resources, bool reset)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var requests = await Begin(plane);
        for (var i = 0; i < 3; i++)
        {
            var caller = await Ask(plane, $"GET /v1/{resources}:watch HTTP/1.1", "");
            await ReadUntil(caller, "CHANGE_TYPE_PROGRESS");
            HangUp(caller, reset);
            // Something to tell a watch of providers, which finds that nobody is there.
            await plane.CreateProvider($"west-{i}", Ct);
        }

        await requests.Ended("watch", 3);
        AssertSilent(plane);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_JSON_call_whose_caller_leaves_before_its_answer_writes_no_line(bool reset)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var requests = await Begin(plane);
        await using (var held = await HeldLock.Events(plane.Database, Ct))
        {
            var caller = await Ask(plane, "POST /v1/providers HTTP/1.1", Body);
            await held.Until(waiting: 1, Ct);
            HangUp(caller, reset);
            await requests.Ended("providers", 1);
        }

        AssertSilent(plane);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_JSON_call_that_ends_within_its_body_writes_no_line(bool reset)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var requests = await Begin(plane);
        for (var i = 0; i < 3; i++)
        {
            var caller = await Ask(plane, "POST /v1/providers HTTP/1.1\r\nExpect: 100-continue", Body, sent: 0);
            await ReadUntil(caller, "100 Continue");
            await caller.SendAsync(Encoding.ASCII.GetBytes(Body[..5]), SocketFlags.None, Ct);
            HangUp(caller, reset);
        }

        await requests.Ended("providers", 3);
        AssertSilent(plane);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_gRPC_watch_whose_reader_ends_writes_no_line(bool reset)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var requests = await Begin(plane);
        await using var network = FaultProxy.Start(IPEndPoint.Parse(new Uri(plane.GrpcAddress).Authority));
        using var channel = GrpcChannel.ForAddress(network.Address);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        using var watch = new ProviderService.ProviderServiceClient(channel).WatchProviders(
            new WatchProvidersRequest(),
            plane.Admin,
            cancellationToken: cancelled.Token
        );
        Assert.True(await watch.ResponseStream.MoveNext(Ct));

        if (reset)
            network.Reset();
        else
            await cancelled.CancelAsync();
        await plane.CreateProvider("west", Ct);

        await requests.Ended("Watch", 1);
        AssertSilent(plane);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_gRPC_call_whose_caller_leaves_before_its_answer_writes_no_line(bool reset)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var requests = await Begin(plane);
        await using var network = FaultProxy.Start(IPEndPoint.Parse(new Uri(plane.GrpcAddress).Authority));
        using var channel = GrpcChannel.ForAddress(network.Address);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await using (var held = await HeldLock.Events(plane.Database, Ct))
        {
            var call = new ProviderService.ProviderServiceClient(channel).CreateProviderAsync(
                new CreateProviderRequest { Name = "west" },
                plane.Admin,
                cancellationToken: cancelled.Token
            );
            await held.Until(waiting: 1, Ct);
            if (reset)
                network.Reset();
            else
                await cancelled.CancelAsync();
            await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
            await requests.Ended("CreateProvider", 1);
        }

        AssertSilent(plane);
    }

    [Fact]
    public async Task An_agent_whose_connection_breaks_is_one_line()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var requests = await Begin(plane);
        await using var network = FaultProxy.Start(IPEndPoint.Parse(new Uri(plane.GrpcAddress).Authority));
        using var channel = GrpcChannel.ForAddress(network.Address);
        using var agent = TestAgent.Open(channel, token);
        await agent.Send(new() { Hello = TestAgent.Hello() }, Ct);
        await agent.Next(Ct);
        var before = plane.LogRecords.Count;

        network.Reset();
        await requests.Ended("Connect", 1);

        Assert.Equal([(1101, LogLevel.Information)], plane.LogRecords.Skip(before).Select(l => (l.Id.Id, l.Level)));
    }

    // All that a start writes is there: the lease comes last.
    private async Task<Requests> Begin(TestControlPlane plane)
    {
        await Eventually(() => Task.FromResult(plane.LogRecords), lines => lines.Any(l => l.Id.Id == 1302));
        _lines = plane.LogRecords.Count;
        return new Requests(plane);
    }

    private void AssertSilent(TestControlPlane plane) =>
        Assert.Equal(
            "",
            string.Join(
                '\n',
                plane
                    .LogRecords.Skip(_lines)
                    .Select(l => $"{l.Level} {l.Category}[{l.Id.Id}] {l.Message} {l.Exception}")
            )
        );

    private static async Task<Socket> Ask(TestControlPlane plane, string line, string body, int? sent = null)
    {
        var uri = new Uri(plane.JsonAddress);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(uri.Host, uri.Port, Ct);
        var head =
            $"{line}\r\nHost: {uri.Authority}\r\nAuthorization: Bearer {plane.AdminToken}\r\n"
            + (body.Length > 0 ? $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n" : "")
            + "\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head + body[..(sent ?? body.Length)]), SocketFlags.None, Ct);
        return socket;
    }

    private static async Task ReadUntil(Socket socket, string text)
    {
        var seen = "";
        var buffer = new byte[4096];
        while (!seen.Contains(text, StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer, SocketFlags.None, Ct);
            Assert.True(count > 0, seen);
            seen += Encoding.ASCII.GetString(buffer, 0, count);
        }
    }

    private static void HangUp(Socket socket, bool reset)
    {
        if (reset)
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }

    /// <summary>Requests that the server is done with, their log included.</summary>
    private sealed class Requests : IDisposable
    {
        private readonly MetricCollector<double> _ended;

        public Requests(TestControlPlane plane)
        {
            var meters = plane.Services.GetRequiredService<IMeterFactory>();
            _ended = new MetricCollector<double>(
                meters,
                "Microsoft.AspNetCore.Hosting",
                "http.server.request.duration"
            );
        }

        public Task Ended(string route, int count) =>
            Eventually(
                () =>
                    Task.FromResult(
                        _ended
                            .GetMeasurementSnapshot()
                            .Count(m =>
                                m.Tags.TryGetValue("http.route", out var at)
                                && at is string text
                                && text.Contains(route, StringComparison.Ordinal)
                            )
                    ),
                ended => ended >= count
            );

        public void Dispose() => _ended.Dispose();
    }
}
