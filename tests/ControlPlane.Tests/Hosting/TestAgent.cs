using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.ControlPlane.Tests.Hosting;

/// <summary>An agent played frame by frame.</summary>
internal sealed class TestAgent(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call) : IDisposable
{
    private ulong _version;

    public Welcome Welcome { get; private set; } = new();

    /// <summary>Opens a stream without saying anything on it.</summary>
    public static TestAgent Open(TestControlPlane plane, string token) =>
        new(plane.Agents.Connect(new Metadata { { "authorization", $"Bearer {token}" } }));

    /// <summary>The same over a channel, and so a connection, of its own.</summary>
    public static TestAgent Open(GrpcChannel channel, string token) =>
        new(
            new AgentService.AgentServiceClient(channel).Connect(
                new Metadata { { "authorization", $"Bearer {token}" } }
            )
        );

    /// <summary>Attached, with a first snapshot that holds nothing: Ready, if its readiness is.</summary>
    public static async Task<TestAgent> Attach(
        TestControlPlane plane,
        string token,
        CancellationToken ct,
        Action<Hello>? hello = null
    )
    {
        var agent = await Greet(plane, token, ct, hello);
        await agent.Snapshot(ct);
        await agent.Next(ConnectResponse.FrameOneofCase.SnapshotComplete, ct);
        return agent;
    }

    /// <summary>Welcomed, and no more: what it holds is not told.</summary>
    public static async Task<TestAgent> Greet(
        TestControlPlane plane,
        string token,
        CancellationToken ct,
        Action<Hello>? hello = null
    )
    {
        var agent = Open(plane, token);
        await agent.Send(new ConnectRequest { Hello = Hello(hello) }, ct);
        agent.Welcome = (await agent.Next(ct)).Welcome;
        return agent;
    }

    public static Hello Hello(Action<Hello>? change = null)
    {
        var hello = new Hello
        {
            MinProtocolVersion = ProtocolVersion.Min,
            MaxProtocolVersion = ProtocolVersion.Max,
            AgentVersion = "test",
            InstanceId = Guid.NewGuid().ToString("n"),
            NamespaceUid = Guid.NewGuid().ToString(),
            Cluster = new ClusterFacts
            {
                Namespace = "workspaces",
                KubernetesVersion = "v1.31.0",
                Driver = "kubernetes",
            },
            Readiness = Ready(),
        };
        change?.Invoke(hello);
        return hello;
    }

    public static ReadinessReport Ready() =>
        new()
        {
            Conditions =
            {
                ConditionTypes.Required.Select(t => new Condition { Type = t, Status = ConditionStatus.True }),
            },
        };

    public static ReadinessReport Unreachable()
    {
        var report = Ready();
        report.Conditions[0].Status = ConditionStatus.False;
        report.Conditions[0].Code = "cluster_unreachable";
        report.Conditions[0].Message = "connection refused";
        return report;
    }

    public Task Send(ConnectRequest frame, CancellationToken ct) => call.RequestStream.WriteAsync(frame, ct);

    public Task Snapshot(CancellationToken ct, params WorkspaceObserved[] workspaces) =>
        Send(
            new ConnectRequest
            {
                Snapshot = new Snapshot { Workspaces = { workspaces }, Complete = true },
            },
            ct
        );

    public Task Heartbeat(CancellationToken ct, ReadinessReport? readiness = null) =>
        Send(
            new ConnectRequest
            {
                Heartbeat = new Heartbeat
                {
                    SentTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
                    Readiness = readiness,
                },
            },
            ct
        );

    public Task Observe(string id, ulong generation, WorkspaceState state, CancellationToken ct) =>
        Send(new ConnectRequest { WorkspaceObserved = Observation(id, generation, state) }, ct);

    public WorkspaceObserved Observation(string id, ulong generation, WorkspaceState state) =>
        new()
        {
            WorkspaceId = id,
            Generation = generation,
            Version = ++_version,
            State = state,
        };

    /// <summary>The next frame, of whatever kind.</summary>
    public async Task<ConnectResponse> Next(CancellationToken ct) =>
        await call.ResponseStream.MoveNext(ct)
            ? call.ResponseStream.Current
            : throw new InvalidOperationException("The control plane has ended the stream.");

    /// <summary>The next frame of a kind; others before it are passed over.</summary>
    public async Task<ConnectResponse> Next(ConnectResponse.FrameOneofCase kind, CancellationToken ct)
    {
        while (true)
        {
            var frame = await Next(ct);
            if (frame.FrameCase == kind)
                return frame;
        }
    }

    /// <summary>Reads on until the control plane ends the stream with an error.</summary>
    public async Task<RpcException> End(CancellationToken ct) =>
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
                await Next(ct);
        });

    /// <summary>Cuts the stream without a word.</summary>
    public void Dispose() => call.Dispose();
}
