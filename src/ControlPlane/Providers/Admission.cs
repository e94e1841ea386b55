using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Decides from a Hello whether an agent may attach. Pure function; runs before an epoch is assigned.
/// </summary>
internal static class Admission
{
    /// <summary>
    /// How often attaches of one provider, and clusters that are offered for it, are stored. An agent whose sessions
    /// end soon after their first snapshot comes back no faster than this.
    /// </summary>
    public static readonly Pace AttachPace = new(20, TimeSpan.FromSeconds(15));

    /// <param name="state">The provider's presence.</param>
    /// <param name="negotiated">The protocol version that both support; null if there is none.</param>
    /// <param name="takenBy">
    /// Name of another provider that is bound to the agent's namespace; null if there is none.
    /// </param>
    public static Error? Decide(
        ProviderPresence? state,
        AgentIdentity agent,
        uint? negotiated,
        string? takenBy,
        DateTimeOffset at
    ) =>
        Mismatch(state, agent, negotiated, takenBy)
        ?? (AttachPace.Wait(state!.AttachPaceFullAt, at) is { Ticks: > 0 } wait ? TooOften(wait) : null);

    private static Error TooOften(TimeSpan wait) =>
        new(
            ErrorKind.ResourceExhausted,
            ErrorReasons.TooManyAttaches,
            $"Agents of this provider have attached {AttachPace.Burst} times in a short time; one attach per "
                + $"{AttachPace.Interval.TotalSeconds:0} seconds is accepted. The provider's history shows why sessions ended; "
                + "make sure only one agent uses the token."
        )
        {
            RetryDelay = wait,
        };

    private static Error? Mismatch(ProviderPresence? state, AgentIdentity agent, uint? negotiated, string? takenBy)
    {
        if (state is null or { Ended: true })
            return Refused(
                ErrorReasons.ProviderDeleted,
                "This provider has been deleted. What the agent created is left as it is; remove the agent."
            );
        if (negotiated is null)
            return Refused(
                ErrorReasons.VersionUnsupported,
                $"The agent supports none of this control plane's protocol versions ({ProtocolVersion.Min} to {ProtocolVersion.Max}); upgrade whichever is older."
            );
        if (agent.NamespaceUid.Length == 0)
            return null;
        if (takenBy is not null)
            return Refused(
                ErrorReasons.NamespaceTaken,
                $"The agent's namespace belongs to provider \"{takenBy}\" already; use that provider's token, or another namespace."
            );
        if (state.NamespaceUid is null || state.NamespaceUid == agent.NamespaceUid)
            return null;
        return agent.Namespace == state.BoundNamespace()
            ? Refused(
                ErrorReasons.ClusterMismatch,
                $"Namespace \"{agent.Namespace}\" has the UID {agent.NamespaceUid}, but this provider is bound to {state.NamespaceUid}: it is another cluster, or the namespace was made anew."
            )
            : Refused(
                ErrorReasons.NamespaceChanged,
                $"The agent works in namespace \"{agent.Namespace}\" ({agent.NamespaceUid}), but this provider is bound to \"{state.BoundNamespace()}\" ({state.NamespaceUid})."
            );
    }

    /// <summary>
    /// Returns the cluster that an admin may accept after this refusal; null if the refusal has another reason.
    /// </summary>
    public static ClusterOffered? OfferOf(Error error, AgentIdentity agent, DateTimeOffset at) =>
        error.Reason is ErrorReasons.NamespaceChanged or ErrorReasons.ClusterMismatch
            ? new ClusterOffered(agent.NamespaceUid, agent.Namespace, at)
            : null;

    /// <summary>Binds a provider to the offered cluster, unless the agent of the old one is still attached.</summary>
    public static Decision<PresenceEvent> Accept(
        string provider,
        ProviderPresence state,
        string namespaceUid,
        DateTimeOffset at
    )
    {
        if (state.Ended)
            return Error.NotFound(ErrorReasons.ProviderNotFound, $"Provider \"{provider}\" has been deleted.");
        if (state.NamespaceUid == namespaceUid)
            return Decision<PresenceEvent>.Nothing;
        if (state.Offered?.NamespaceUid != namespaceUid)
            return Error.Precondition(
                ErrorReasons.ProviderNoCluster,
                state.Offered is { } other
                    ? $"The agent that was refused last is in namespace \"{other.Namespace}\" ({other.NamespaceUid}), not in {namespaceUid}; check the namespace again."
                    : $"No agent of another cluster has tried to attach to \"{provider}\". Start one with the provider's token, then accept its cluster."
            );
        return state.Attached
            ? Error.Precondition(
                ErrorReasons.ProviderNoCluster,
                $"The agent of the cluster that \"{provider}\" is bound to is attached; stop it first."
            )
            : Decision<PresenceEvent>.Emit(new ClusterAccepted(namespaceUid, state.Offered.Namespace, at));
    }

    /// <summary>
    /// Returns the events of a refusal. Each reason is recorded once until an agent has attached, and sets the status
    /// once, unless a session is open or its grace period is running.
    /// </summary>
    public static IReadOnlyList<PresenceEvent> Note(
        ProviderPresence presence,
        Error error,
        ClusterOffered? offered,
        DateTimeOffset at
    )
    {
        var code = StatusCodeOf(error);
        var noted = presence.Refusals.Any(r => r.Reason == error.Reason);
        var before = StatusState.From(presence);
        var after = before;
        // The right agent may return within its grace period, and two agents that are refused for different reasons
        // must not alternate.
        var mayComeBack = presence.Attached || presence.Status == ProviderStatus.Ready;
        if (code is not null && !mayComeBack && !(noted && presence.Refusals.Any(r => r.Code == presence.Code)))
            after = StatusMachine.Step(before, new StatusFact.Refused(code, error.Message), at);
        var changes = !after.SameStatus(before);
        List<PresenceEvent> events = [];
        if (!noted || changes)
            events.Add(new AgentRefused(error.Reason, code, error.Message, changes, at));
        if (changes)
            events.Add(after.ToEvent(presence.Epoch));
        if (
            !presence.Attached
            && offered is not null
            && offered.NamespaceUid != presence.Offered?.NamespaceUid
            // One that finds no room is offered again when its agent asks again.
            && AttachPace.Wait(presence.AttachPaceFullAt, at) == TimeSpan.Zero
        )
            events.Add(offered);
        return events;
    }

    /// <summary>
    /// Returns sentences on what to do about a refusal, to be appended to its message; empty if the message says it.
    /// </summary>
    public static string Advice(Error error, string provider, AgentIdentity agent) =>
        error.Reason switch
        {
            ErrorReasons.ClusterMismatch when agent.Driver == "simulated" =>
                "A simulated cluster that is kept in memory only is a new one at each start of its agent: start it with "
                    + $"--simulated-state FILE, then bind the provider to it: mesh providers accept-cluster {provider}",
            ErrorReasons.ClusterMismatch =>
                "If it is the wrong cluster, correct the agent's kubeconfig. If the provider is to be bound to this one: "
                    + $"mesh providers accept-cluster {provider}",
            ErrorReasons.NamespaceChanged =>
                "Correct the agent's --namespace. If the provider is to be bound to this one: "
                    + $"mesh providers accept-cluster {provider}",
            _ => "",
        };

    /// <summary>Returns the status code that a refusal sets while no session is open; null if it sets none.</summary>
    public static string? StatusCodeOf(Error error) =>
        error.Reason switch
        {
            ErrorReasons.VersionUnsupported => StatusCodes.VersionUnsupported,
            ErrorReasons.NamespaceTaken => StatusCodes.NamespaceTaken,
            ErrorReasons.NamespaceChanged => StatusCodes.NamespaceChanged,
            ErrorReasons.ClusterMismatch => StatusCodes.ClusterMismatch,
            _ => null,
        };

    private static Error Refused(string reason, string message) => new(ErrorKind.FailedPrecondition, reason, message);
}
