using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>The open stream of an agent, and the parts that work for it.</summary>
/// <param name="tokenId">The token that the agent attached with.</param>
internal sealed class AgentSession(PresenceActor owner, SessionFence fence, string tokenId, SendQueue outbound)
    : IDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private Ending _ending = Ending.None;

    public string ProviderId => fence.ProviderId;

    public long Epoch => fence.Epoch;

    public SessionFence Fence => fence;

    public string TokenId => tokenId;

    public PresenceActor Owner => owner;

    public SendQueue SendQueue => outbound;

    public Ending Ending => Volatile.Read(ref _ending);

    public CancellationToken Closing => _closing.Token;

    /// <summary>Workspaces whose desired state the agent may not have. Set before the session can be found.</summary>
    public required DesiredStateDispatcher Desired { get; init; }

    public required ObservationWriter Observations { get; init; }

    /// <summary>Whether the agent has reported its namespace.</summary>
    public required bool Identified { get; init; }

    /// <summary>Queues a control frame, or ends the session if there is no room: none is dropped silently.</summary>
    public void Send(ConnectResponse frame)
    {
        if (!outbound.TryControl(frame))
            Close(SessionEnd.TooSlow);
    }

    /// <summary>Ends the session. The first reason is kept.</summary>
    /// <param name="detail">Detail for the agent, such as the field and the rule of a protocol violation.</param>
    public void Close(SessionEnd end, string detail = "")
    {
        var ending = new Ending(end, detail);
        if (Interlocked.CompareExchange(ref _ending, ending, Ending.None) == Ending.None)
            _closing.Cancel();
    }

    // The token source has no timer and is left to the garbage collector, because Close may be called late.
    public void Dispose()
    {
        Close(SessionEnd.AgentLeft);
        Desired.Dispose();
    }
}
