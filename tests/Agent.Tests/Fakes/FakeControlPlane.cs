using System.Net;
using System.Threading.Channels;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Agent.Tests.Fakes;

/// <summary>A real gRPC server on a free port that does only what a test tells it to.</summary>
internal sealed class FakeControlPlane : IAsyncDisposable
{
    private readonly Channel<FakeSession> _sessions = Channel.CreateUnbounded<FakeSession>();
    private readonly WebApplication _app;

    private FakeControlPlane(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
            k.Listen(IPAddress.Loopback, port, o => o.Protocols = HttpProtocols.Http2)
        );
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(_sessions.Writer);
        _app = builder.Build();
        _app.MapGrpcService<Service>();
    }

    public Uri Address => new(_app.Urls.Single());

    public static async Task<FakeControlPlane> Start(int port = 0)
    {
        var server = new FakeControlPlane(port);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The next stream that an agent opens.</summary>
    public Task<FakeSession> NextSession() =>
        _sessions.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    /// <summary>The next stream, once it has been welcomed.</summary>
    public async Task<FakeSession> Welcome(Limits? limits = null)
    {
        var session = await NextSession();
        await session.Welcome(limits);
        return session;
    }

    public bool HasNoSession => !_sessions.Reader.TryPeek(out _);

    public async ValueTask DisposeAsync()
    {
        // Streams that a test left open would hold the stop up.
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    internal sealed class Service(ChannelWriter<FakeSession> sessions) : AgentService.AgentServiceBase
    {
        public override async Task Connect(
            IAsyncStreamReader<ConnectRequest> requestStream,
            IServerStreamWriter<ConnectResponse> responseStream,
            ServerCallContext context
        )
        {
            var session = new FakeSession(responseStream, context.RequestHeaders);
            await sessions.WriteAsync(session);
            var reading = session.ReadAll(requestStream);
            var end = await session.End.Task.WaitAsync(context.CancellationToken);
            if (end is not null)
                throw end;
            await reading;
        }
    }
}

/// <summary>One stream as the control plane sees it.</summary>
internal sealed class FakeSession(IServerStreamWriter<ConnectResponse> responses, Metadata headers)
{
    private readonly Channel<ConnectRequest> _received = Channel.CreateUnbounded<ConnectRequest>();

    public string? Authorization => headers.GetValue("authorization");

    internal TaskCompletionSource<RpcException?> End { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the agent has ended its half, or is gone.</summary>
    public TaskCompletionSource AgentLeft { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Hello? Hello { get; private set; }

    public Task Left => AgentLeft.Task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    internal async Task ReadAll(IAsyncStreamReader<ConnectRequest> requests)
    {
        try
        {
            while (await requests.MoveNext())
                await _received.Writer.WriteAsync(requests.Current);
        }
        catch (Exception e)
            when (e is IOException or RpcException or OperationCanceledException or InvalidOperationException)
        {
            // The agent hung up; the test sees that it left.
        }

        _received.Writer.TryComplete();
        AgentLeft.TrySetResult();
        End.TrySetResult(null);
    }

    public async Task<ConnectRequest> Next() =>
        await _received.Reader.ReadAsync().AsTask().WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);

    /// <summary>The next frame that isn't a plain heartbeat, which must be of this kind.</summary>
    public async Task<ConnectRequest> Next(ConnectRequest.FrameOneofCase kind)
    {
        ConnectRequest frame;
        do frame = await Next();
        while (frame is { Heartbeat.Readiness: null } && kind != ConnectRequest.FrameOneofCase.Heartbeat);
        Assert.Equal(kind, frame.FrameCase);
        return frame;
    }

    public async Task<WorkspaceObserved> NextObserved() =>
        (await Next(ConnectRequest.FrameOneofCase.WorkspaceObserved)).WorkspaceObserved;

    public async Task<Snapshot> NextSnapshot() => (await Next(ConnectRequest.FrameOneofCase.Snapshot)).Snapshot;

    public async Task<Hello> NextHello() => Hello = (await Next(ConnectRequest.FrameOneofCase.Hello)).Hello;

    public async Task Welcome(Limits? limits = null, string providerId = "p1", Action<Welcome>? change = null)
    {
        await NextHello();
        var welcome = new Welcome
        {
            Epoch = 7,
            ProtocolVersion = ProtocolVersion.Max,
            ProviderId = providerId,
            ProviderName = "frankfurt",
            DeploymentId = "d1",
            HeartbeatInterval = TimeSpan.FromSeconds(10).ToDuration(),
            Limits = limits ?? new Limits { MaxWorkspacesPerSnapshotPart = 100, MaxFrameBytes = 1 << 20 },
        };
        change?.Invoke(welcome);
        await Send(new ConnectResponse { Welcome = welcome });
    }

    public Task Send(ConnectResponse frame) => responses.WriteAsync(frame);

    public Task Desire(string id, ulong generation, string traceparent = "") =>
        Send(
            new ConnectResponse { Traceparent = traceparent, WorkspaceDesired = DesiredStates.Running(id, generation) }
        );

    public Task Remove(string id, ulong generation) =>
        Send(
            new ConnectResponse
            {
                WorkspaceRemoved = new WorkspaceRemoved { WorkspaceId = id, Generation = generation },
            }
        );

    public Task Ack(WorkspaceObserved observed) =>
        Send(
            new ConnectResponse
            {
                ObservedAck = new ObservedAck { WorkspaceId = observed.WorkspaceId, Version = observed.Version },
            }
        );

    public void Fail(StatusCode code, string reason, string message) =>
        End.TrySetResult(
            new Google.Rpc.Status
            {
                Code = (int)code,
                Message = message,
                Details = { Any.Pack(new ErrorInfo { Domain = ErrorReasons.Domain, Reason = reason }) },
            }.ToRpcException()
        );

    /// <summary>Ends the stream as a broken connection, or a proxy, would: without a reason of ours.</summary>
    public void Break(StatusCode code = StatusCode.Unavailable) =>
        End.TrySetResult(new RpcException(new Grpc.Core.Status(code, "gone")));
}

internal static class DesiredStates
{
    public static WorkspaceDesired Running(string id, ulong generation) =>
        new()
        {
            WorkspaceId = id,
            Generation = generation,
            Name = $"name-{id}",
            Power = Mesh.V1.WorkspacePower.Running,
            Spec = new Mesh.V1.WorkspaceSpec { Image = "example.com/dev:1" },
        };
}
