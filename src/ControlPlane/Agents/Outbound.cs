using System.Threading.Channels;
using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// What waits to be written to one agent. Control frames are few and never wait for room: too many of them end the
/// session. Desired states and acknowledgements do wait, in their producers, so that memory is bounded by a handful of
/// frames.
/// </summary>
internal sealed class Outbound(int controlCapacity)
{
    private const int WorkspaceCapacity = 16;

    private readonly Channel<ConnectResponse> _control = Channel.CreateBounded<ConnectResponse>(
        new BoundedChannelOptions(controlCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
    );
    private readonly Channel<ConnectResponse> _workspaces = Channel.CreateBounded<ConnectResponse>(
        new BoundedChannelOptions(WorkspaceCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
    );
    private readonly Signal _any = new(inline: true);

    /// <returns>False if there is no room: the agent can't keep up.</returns>
    public bool TryControl(ConnectResponse frame)
    {
        if (!_control.Writer.TryWrite(frame))
            return false;
        _any.Set();
        return true;
    }

    /// <summary>Queues a frame about a workspace when there is room.</summary>
    public async ValueTask Workspace(ConnectResponse frame, CancellationToken ct)
    {
        await _workspaces.Writer.WriteAsync(frame, ct);
        _any.Set();
    }

    /// <summary>The next frame to write, control frames first.</summary>
    public async ValueTask<ConnectResponse> Next(CancellationToken ct)
    {
        while (true)
        {
            if (_control.Reader.TryRead(out var frame) || _workspaces.Reader.TryRead(out frame))
                return frame;
            await _any.Wait(ct);
        }
    }
}
