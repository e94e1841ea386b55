using System.Diagnostics;
using System.Threading.RateLimiting;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using WorkspaceObserved = Coder.Mesh.Agent.V1.WorkspaceObserved;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Reads the frames of an agent after its Hello. The next frame is read only after this one is handled, which gives
/// inbound backpressure.
/// </summary>
internal sealed class FrameReader(
    AgentSession session,
    AgentStreamOptions options,
    AgentStreamMetrics metrics,
    TimeProvider time,
    ActivityContext sessionSpan
)
{
    private readonly InventorySnapshot _snapshot = new();

    /// <returns>When the agent has ended its side of the stream, or sends more than it may.</returns>
    /// <exception cref="ProtocolException">A frame violates the protocol.</exception>
    public async Task Run(IAsyncStreamReader<ConnectRequest> requests, CancellationToken ct)
    {
        using var rate = Rate();
        while (await requests.MoveNextFrame(ct))
        {
            if (!WithinRate(rate))
            {
                session.Close(
                    SessionEnd.Flooding,
                    $"The limit is {options.FramesPerSecond} frames a second, {options.FrameBurst} at once."
                );
                return;
            }

            var frame = requests.Current;
            session.Owner.FrameReceived();
            metrics.Received(frame.FrameCase);
            if (!await Handle(frame, ct))
                return;
        }

        session.Close(SessionEnd.AgentLeft);
    }

    // Replenished on demand by the elapsed time: a timer for each session would cost more than the frames.
    private TokenBucketRateLimiter Rate() =>
        new(
            new TokenBucketRateLimiterOptions
            {
                AutoReplenishment = false,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                TokensPerPeriod = options.FramesPerSecond,
                TokenLimit = options.FrameBurst,
            }
        );

    private static bool WithinRate(TokenBucketRateLimiter rate)
    {
        if (Take(rate))
            return true;
        rate.TryReplenish();
        return Take(rate);
    }

    private static bool Take(TokenBucketRateLimiter rate)
    {
        using var lease = rate.AttemptAcquire();
        return lease.IsAcquired;
    }

    private async ValueTask<bool> Handle(ConnectRequest frame, CancellationToken ct)
    {
        switch (frame.FrameCase)
        {
            case ConnectRequest.FrameOneofCase.Heartbeat:
                await Heartbeat(frame, ct);
                return true;
            case ConnectRequest.FrameOneofCase.WorkspaceObserved:
                Identified("workspace_observed");
                using (var span = Receive(frame))
                    Observe(frame.WorkspaceObserved, span?.Context ?? default, inSnapshot: false);
                return true;
            case ConnectRequest.FrameOneofCase.Snapshot:
                Identified("snapshot");
                using (Receive(frame))
                    Snapshot(frame.Snapshot);
                return true;
            case ConnectRequest.FrameOneofCase.Goodbye:
                session.Close(SessionEnd.Goodbye);
                return false;
            case ConnectRequest.FrameOneofCase.Hello:
                throw new ProtocolException("hello: only the first frame may be one");
            default:
                throw new ProtocolException("frame: is missing, or of a kind that this version doesn't know");
        }
    }

    private async ValueTask Heartbeat(ConnectRequest frame, CancellationToken ct)
    {
        var heartbeat = frame.Heartbeat;
        if (heartbeat.Readiness is { } readiness)
        {
            using var span = Receive(frame);
            await session.Owner.Post(new StatusFact.Reported(HelloMapping.Conditions(readiness)), ct);
        }

        await session.SendQueue.Answer(
            new ConnectResponse
            {
                HeartbeatAck = new HeartbeatAck
                {
                    SentTime = heartbeat.SentTime,
                    ServerTime = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
                },
            },
            ct
        );
    }

    private void Snapshot(Snapshot part)
    {
        if (part.Workspaces.Count > options.MaxWorkspacesPerSnapshotPart)
            throw new ProtocolException(
                $"snapshot.workspaces: at most {options.MaxWorkspacesPerSnapshotPart} in a part"
            );
        foreach (var workspace in part.Workspaces)
        {
            Observe(workspace, Activity.Current?.Context ?? default, inSnapshot: true);
            _snapshot.Add(workspace);
        }

        if (_snapshot.Count > options.SnapshotLimit)
            throw new ProtocolException($"snapshot: at most {options.SnapshotLimit} workspaces");
        if (part.Complete)
            session.Desired.Answer(_snapshot.Take());
    }

    /// <summary>
    /// Requires that the agent has reported its namespace; before that, its frames are not accepted and nothing is sent
    /// to it.
    /// </summary>
    private void Identified(string frame)
    {
        if (!session.Identified)
            throw new ProtocolException($"{frame}: only in a session whose hello has a namespace_uid");
    }

    private void Observe(WorkspaceObserved report, ActivityContext trace, bool inSnapshot)
    {
        if (!session.Observations.Add(report, trace, inSnapshot))
            session.Close(
                SessionEnd.Flooding,
                $"The limit is {session.Observations.Capacity} workspaces whose reports wait for the store."
            );
    }

    private Activity? Receive(ConnectRequest frame) =>
        Tracing.StartReceive(FrameNames.Of(frame.FrameCase), frame.Traceparent, sessionSpan);
}
