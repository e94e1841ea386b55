using System.Diagnostics;
using System.Threading.Channels;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Runs an admitted session: its reader, writer, dispatcher, observations and owner, until the first of them ends.
/// </summary>
internal sealed class AgentSessionRunner(
    AgentSessions sessions,
    SessionCheck check,
    PresenceHost keeper,
    FailedSessions failures,
    WorkspaceView workspaces,
    SnapshotReads reads,
    WorkspaceCommands commands,
    OrphanStore orphans,
    ProviderNames names,
    AgentStreamMetrics metrics,
    IOptions<AgentStreamOptions> options,
    TimeProvider time,
    StreamDrain drain,
    ILogger<AgentSessionRunner> logger
)
{
    public Task<Ending> Run(
        AttachedSession attached,
        ConnectResponse welcome,
        IAsyncStreamReader<ConnectRequest> requests,
        IServerStreamWriter<ConnectResponse> responses,
        ActivityContext sessionSpan,
        CancellationToken ct
    )
    {
        // What was read for the attach is not kept for as long as the session lasts.
        var session = Open(attached);
        logger.AgentAttached(
            names.Of(session.ProviderId),
            session.ProviderId,
            session.Epoch,
            attached.Presence.Agent?.AgentVersion ?? ""
        );
        session.Send(welcome);
        var reader = new FrameReader(session, options.Value, metrics, time, sessionSpan);
        return Run(session, reader, WriterOf(session, attached.State.SilenceLimit), requests, responses, ct);
    }

    private async Task<Ending> Run(
        AgentSession opened,
        FrameReader reader,
        FrameWriter writer,
        IAsyncStreamReader<ConnectRequest> requests,
        IServerStreamWriter<ConnectResponse> responses,
        CancellationToken ct
    )
    {
        using var session = opened;
        using var onShutdown = drain.Closing.Register(() => session.Close(SessionEnd.Shutdown));
        using var onAbort = ct.Register(() => session.Close(SessionEnd.ConnectionLost));
        var openedAt = time.GetTimestamp();
        metrics.Opened();
        try
        {
            sessions.Add(session);
            // Changes during the attach, such as the revocation of its token, could not find the session.
            check.Request(session.ProviderId);
            await Task.WhenAll(
                Part(session, () => reader.Run(requests, session.Closing)),
                Part(session, () => writer.Run(responses, session.Closing)),
                Part(session, () => session.Desired.Run(session.Closing)),
                Part(session, () => Observe(session)),
                Part(session, () => Heed(session))
            );
        }
        finally
        {
            await Ended(session, time.GetElapsedTime(openedAt));
        }

        return session.Ending;
    }

    private FrameWriter WriterOf(AgentSession session, TimeSpan silenceLimit) =>
        new(session.SendQueue, metrics, silenceLimit, () => session.Close(SessionEnd.TooSlow), time);

    private async Task Ended(AgentSession session, TimeSpan lasted)
    {
        sessions.Remove(session);
        await Detach(session);
        var end = session.Ending.End;
        metrics.Closed(end, lasted);
        logger.AgentDetached(names.Of(session.ProviderId), session.ProviderId, session.Epoch, end);
        if (end == SessionEnd.ProviderDeleted)
            names.Forget(session.ProviderId);
    }

    private AgentSession Open(AttachedSession attached)
    {
        var presence = attached.Presence;
        var outbound = new SendQueue(options.Value.ControlCapacity);
        var owner = keeper.Start(attached);
        var fence = owner.Fence;
        return new AgentSession(owner, fence, presence.UsedTokens[^1], outbound)
        {
            Identified = attached.State.Identified,
            Desired = new DesiredStateDispatcher(
                presence.ProviderId,
                owner,
                options.Value.MaxWorkspacesPerSnapshot,
                outbound,
                workspaces,
                reads,
                commands,
                (unclaimed, hasOrphans, ct) => orphans.Keep(fence, unclaimed, hasOrphans, ct),
                names,
                time,
                logger
            ),
            Observations = new ObservationWriter(fence, 2 * options.Value.SnapshotLimit, commands, names, time, logger),
        };
    }

    /// <summary>Runs one part. When it ends, the session ends too, and the first reason is kept.</summary>
    private async Task Part(AgentSession session, Func<Task> run)
    {
        try
        {
            await run();
        }
        catch (ProtocolException e)
        {
            logger.ProtocolBroken(names.Of(session.ProviderId), session.ProviderId, e.Message);
            session.Close(SessionEnd.ProtocolViolation, e.Message);
        }
        catch (Exception) when (session.Closing.IsCancellationRequested)
        {
            // Another part ended first, and the session has its reason.
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The connection is lost, so the agent receives no status.
            logger.ConnectionLost(names.Of(session.ProviderId), session.ProviderId, e.Message);
            session.Close(SessionEnd.ConnectionLost);
        }
        catch (Exception e)
        {
            logger.SessionFailed(e, names.Of(session.ProviderId), session.ProviderId);
            session.Close(SessionEnd.Failed);
        }
    }

    private static async Task Observe(AgentSession session)
    {
        await session.Owner.Stored(session.Closing);
        await session.Observations.Run(session.SendQueue.Workspace, session.Closing);
        session.Close(SessionEnd.Superseded);
    }

    /// <summary>Closes the session when the owner of its presence requires it.</summary>
    private static async Task Heed(AgentSession session)
    {
        var verdict = await session.Owner.Verdict.WaitAsync(session.Closing);
        session.Close(
            verdict switch
            {
                // Frames of an agent that does not read are not handled.
                OwnerVerdict.Unresponsive when session.SendQueue.IsFull => SessionEnd.TooSlow,
                OwnerVerdict.Unresponsive => SessionEnd.Unresponsive,
                _ => SessionEnd.Superseded,
            }
        );
    }

    private async Task Detach(AgentSession session)
    {
        var end = session.Ending.End;
        try
        {
            var failed = await CountFailure(session, drain.Closing);
            if (end.Grace() is not { } grace)
                return;
            var cause = DisconnectReasons.InSnapshot(end.Tag(), session.Ending.Detail);
            var fact = new StatusFact.Detached(grace) { Failures = failed, Cause = cause };
            await session.Owner.Detached(end.Tag(), fact, drain.Closing);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The replica or the owner stops: the grace period of the next owner applies.
        }
    }

    /// <returns>
    /// Number of consecutive sessions that ended before their first snapshot was answered; 0 if this one was answered.
    /// </returns>
    private async Task<int> CountFailure(AgentSession session, CancellationToken ct)
    {
        if (session.Desired.FirstSnapshotDone || !session.Ending.End.Fails())
            return 0;
        try
        {
            return await failures.Add(session.Fence, ct);
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            // Not counted: the session may have ended because the database is unavailable.
            return 0;
        }
    }
}
