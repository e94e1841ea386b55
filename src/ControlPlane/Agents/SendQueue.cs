using System.Threading.Channels;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Frames that wait to be written to one agent. Control frames are few and never wait for room: too many of them end
/// the session. All others wait in their producers, which bounds memory: desired states and acknowledgements share a
/// few slots, heartbeat answers have their own. An agent that sends more heartbeats than it reads answers is read more
/// slowly.
/// </summary>
internal sealed class SendQueue(int answerCapacity)
{
    private const int ControlCapacity = 16;
    private const int WorkspaceCapacity = 16;

    private readonly Channel<ConnectResponse> _control = Bounded(ControlCapacity);
    private readonly Channel<ConnectResponse> _answers = Bounded(answerCapacity);
    private readonly Channel<ConnectResponse> _workspaces = Bounded(WorkspaceCapacity);
    private readonly AsyncAutoResetEvent _any = new(inline: true);

    /// <summary>Whether no more heartbeats are answered until the agent reads.</summary>
    public bool IsFull => _answers.Reader.Count >= answerCapacity;

    /// <returns>False if there is no room, because the agent reads too slowly.</returns>
    public bool TryControl(ConnectResponse frame)
    {
        if (!_control.Writer.TryWrite(frame))
            return false;
        _any.Set();
        return true;
    }

    /// <summary>Queues a frame about a workspace when there is room.</summary>
    public ValueTask Workspace(ConnectResponse frame, CancellationToken ct) => Queue(_workspaces, frame, ct);

    /// <summary>Queues the answer to a heartbeat when there is room.</summary>
    public ValueTask Answer(ConnectResponse frame, CancellationToken ct) => Queue(_answers, frame, ct);

    /// <summary>Returns the next frame to write: control frames first, then answers.</summary>
    public async ValueTask<ConnectResponse> Next(CancellationToken ct)
    {
        while (true)
        {
            if (
                _control.Reader.TryRead(out var frame)
                || _answers.Reader.TryRead(out frame)
                || _workspaces.Reader.TryRead(out frame)
            )
                return frame;
            await _any.Wait(ct);
        }
    }

    private async ValueTask Queue(Channel<ConnectResponse> queue, ConnectResponse frame, CancellationToken ct)
    {
        await queue.Writer.WriteAsync(frame, ct);
        _any.Set();
    }

    private static Channel<ConnectResponse> Bounded(int capacity) =>
        Channel.CreateBounded<ConnectResponse>(
            new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
        );
}
