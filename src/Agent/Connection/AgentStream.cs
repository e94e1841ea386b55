using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Agent.Connection;

/// <summary>A stream after its Welcome, from the first snapshot to its end.</summary>
internal sealed class AgentStream(
    Dialed dialed,
    Dialer dialer,
    Reconciler reconciler,
    ClusterStatus cluster,
    ServerClock clock,
    AgentStatus status,
    AgentMetrics metrics,
    Jitter jitter,
    TimeProvider time,
    ILogger logger
) : IDisposable
{
    private static readonly TimeSpan LeaveLimit = TimeSpan.FromSeconds(2);

    private readonly ReportQueue _reports = new(reconciler, dialed.Welcome.Limits, logger);
    private readonly TimeSpan _heartbeat = dialed.Welcome.HeartbeatInterval.ToTimeSpan();

    private readonly CancellationTokenSource _over = new();

    // Nothing may be changed in the cluster before it is identified.
    private readonly bool _identified = dialed.Readiness.NamespaceUid.Length > 0;

    private readonly TaskCompletionSource<TimeSpan> _drain = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DisconnectReason? _end;

    /// <summary>Whether the control plane has answered this stream's first snapshot.</summary>
    public bool Synced { get; private set; }

    public async Task<DisconnectReason> Run(CancellationToken stopping)
    {
        using var onStop = stopping.UnsafeRegister(_ => End(DisconnectReason.Stop()), null);
        if (_identified)
            await reconciler.Attach(
                new DriverIdentity(dialed.Welcome.ProviderId, dialed.Welcome.DeploymentId),
                _reports
            );

        var reading = Guard(Read);
        var writing = Guard(Write);
        var moving = MoveWhenAsked(stopping);
        var others = Task.WhenAll(
            Guard(new Heartbeats(_reports, cluster, dialed.Readiness, _heartbeat, time).Run),
            Guard(ScheduleSnapshots),
            Guard(WatchIdentity)
        );
        try
        {
            // Each loop ends when the stream ends; the first one to end knows the reason.
            await others;
        }
        finally
        {
            reconciler.Detach(_reports);
        }

        // A stream that was superseded by its successor may end before the successor is known here.
        if (await moving is { } next)
            _end = new DisconnectReason(DisconnectKind.Moved, "drained", "Another stream is up.") { Next = next };
        if (_end?.Kind is DisconnectKind.Stopped or DisconnectKind.Renewed)
            await SayGoodbye(reading, writing);
        // Cancels reads and writes that would otherwise wait for an unreachable peer.
        dialed.Call.Dispose();
        await Task.WhenAll(reading, writing);
        return _end!;
    }

    public void Dispose() => _over.Dispose();

    /// <summary>Ends the stream. The first reason is kept.</summary>
    private void End(DisconnectReason end)
    {
        if (Interlocked.CompareExchange(ref _end, end, null) is null)
            _over.Cancel();
    }

    private async Task Guard(Func<CancellationToken, Task> loop)
    {
        try
        {
            await loop(_over.Token);
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // The stream has ended, and its reason is known.
        }
        catch (Exception e)
        {
            logger.DialFault(e);
            End(DisconnectReason.Fault(e));
        }
    }

    private async Task Read(CancellationToken ct)
    {
        var limit = 3 * _heartbeat;
        using var silence = time.CreateTimer(
            _ =>
                End(
                    new DisconnectReason(
                        DisconnectKind.Silent,
                        "silent",
                        $"Received nothing for {limit.TotalSeconds:0.#} s."
                    )
                ),
            null,
            limit,
            Timeout.InfiniteTimeSpan
        );
        try
        {
            // Not with the token: cancelling a read cancels the call, but a Goodbye may have to be sent.
            while (await dialed.Call.ResponseStream.MoveNext(CancellationToken.None))
            {
                silence.Change(limit, Timeout.InfiniteTimeSpan);
                status.RecordActivity();
                var frame = dialed.Call.ResponseStream.Current;
                metrics.FrameReceived(frame.FrameCase);
                if (!ct.IsCancellationRequested)
                    Handle(frame);
            }

            End(new DisconnectReason(DisconnectKind.Lost, "ended", "The control plane ended the stream."));
        }
        catch (RpcException e)
        {
            End(DisconnectReasons.OfSession(e));
        }
        catch (ObjectDisposedException) when (ct.IsCancellationRequested)
        {
            // The call was disposed of meanwhile.
        }
    }

    private void Handle(ConnectResponse frame)
    {
        if (IsPlain(frame))
        {
            Dispatch(frame, "");
            return;
        }

        using var span = Tracing.StartFrame($"agent.{FrameNames.Of(frame.FrameCase)}", frame.Traceparent);
        Dispatch(frame, span.Traceparent(frame.Traceparent));
    }

    /// <summary>Whether a frame is too frequent and too cheap for its own span.</summary>
    private static bool IsPlain(ConnectResponse frame) =>
        frame.FrameCase == ConnectResponse.FrameOneofCase.HeartbeatAck
        || (frame.FrameCase == ConnectResponse.FrameOneofCase.ObservedAck && frame.Traceparent.Length == 0);

    /// <remarks>Ignores unknown frames, which a newer control plane may send.</remarks>
    private void Dispatch(ConnectResponse frame, string traceparent)
    {
        switch (frame.FrameCase)
        {
            case ConnectResponse.FrameOneofCase.HeartbeatAck:
                clock.Observe(frame.HeartbeatAck.SentTime, frame.HeartbeatAck.ServerTime, time.GetUtcNow());
                break;
            case ConnectResponse.FrameOneofCase.ObservedAck:
                _reports.Acknowledge(frame.ObservedAck);
                break;
            case ConnectResponse.FrameOneofCase.WorkspaceDesired
            or ConnectResponse.FrameOneofCase.WorkspaceRemoved when !_identified:
                logger.FrameIgnored(FrameNames.Of(frame.FrameCase));
                break;
            case ConnectResponse.FrameOneofCase.WorkspaceDesired:
                reconciler.Desire(frame.WorkspaceDesired, traceparent);
                break;
            case ConnectResponse.FrameOneofCase.WorkspaceRemoved:
                reconciler.Remove(frame.WorkspaceRemoved, traceparent);
                break;
            case ConnectResponse.FrameOneofCase.Welcome:
                End(DisconnectReason.Violation("The control plane sent a second Welcome."));
                break;
            case ConnectResponse.FrameOneofCase.Drain:
                _drain.TrySetResult(frame.Drain.Within?.ToTimeSpan() ?? TimeSpan.Zero);
                break;
            case ConnectResponse.FrameOneofCase.SnapshotComplete:
                Synced = true;
                status.Synced();
                break;
        }
    }

    /// <summary>The only writer of the stream: gRPC allows one write at a time.</summary>
    private async Task Write(CancellationToken ct)
    {
        while (true)
            foreach (var frame in await _reports.Take(ct))
            {
                ct.ThrowIfCancellationRequested();
                if (!await TryWrite(frame))
                    return;
            }
    }

    private async Task<bool> TryWrite(ConnectRequest frame)
    {
        try
        {
            await dialed.Call.RequestStream.WriteAsync(frame);
            metrics.FrameSent(frame.FrameCase);
            return true;
        }
        catch (Exception e) when (DisconnectReasons.IsReportedByRead(e) || e is OperationCanceledException)
        {
            // The call has ended. The reader receives the control plane's status.
            return false;
        }
    }

    private Task ScheduleSnapshots(CancellationToken ct) =>
        _identified
            ? new SnapshotSchedule(_reports, reconciler, jitter, time).Run(ct)
            : Task.Delay(Timeout.InfiniteTimeSpan, time, ct);

    private async Task WatchIdentity(CancellationToken ct)
    {
        var said = dialed.Readiness.NamespaceUid;
        var known = dialed.Readiness;
        while ((known = await cluster.Next(known, ct)).NamespaceUid == said || known.NamespaceUid.Length == 0) { }
        End(
            new DisconnectReason(
                DisconnectKind.Renewed,
                "identity_changed",
                said.Length == 0
                    ? $"the cluster has answered; its namespace's UID is {known.NamespaceUid}."
                    : $"the namespace's UID was {said} and is {known.NamespaceUid}."
            )
        );
    }

    /// <summary>Opens another stream when the control plane drains this one, which stays in use until then.</summary>
    /// <returns>The other stream; null if this one ended first.</returns>
    private async Task<Dialed?> MoveWhenAsked(CancellationToken stopping)
    {
        try
        {
            var within = await _drain.Task.WaitAsync(_over.Token);
            var next = await new SuccessorDial(dialer, jitter, time, logger).Dial(within, stopping, _over.Token);
            _over.Cancel();
            return next;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private async Task SayGoodbye(Task reading, Task writing)
    {
        var reason = _end?.Kind == DisconnectKind.Stopped ? GoodbyeReason.Shutdown : GoodbyeReason.Reconnect;
        try
        {
            await Say().WaitAsync(LeaveLimit, time);
        }
        catch (TimeoutException)
        {
            // The control plane is slow or unreachable, and detects the end by itself.
        }

        async Task Say()
        {
            await writing;
            if (!await TryWrite(new ConnectRequest { Goodbye = new Goodbye { Reason = reason } }))
                return;
            logger.SaidGoodbye(reason.ToString());
            try
            {
                await dialed.Call.RequestStream.CompleteAsync();
            }
            catch (Exception e) when (DisconnectReasons.IsReportedByRead(e))
            {
                // The control plane has ended the call before.
            }

            await reading;
        }
    }
}
