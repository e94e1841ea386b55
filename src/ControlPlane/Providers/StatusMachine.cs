using System.Collections.Immutable;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Derives a provider's status from facts. Pure functions: no clock, no I/O. docs/status-codes.md has the rules.
/// </summary>
internal static class StatusMachine
{
    /// <summary>How long a provider keeps its status after its stream ended.</summary>
    public static readonly TimeSpan ReconnectGrace = TimeSpan.FromSeconds(30);

    /// <summary>The same after a Goodbye, since an upgrade of the agent takes longer.</summary>
    public static readonly TimeSpan GoodbyeGrace = TimeSpan.FromSeconds(60);

    /// <summary>Time for agents to return after a replica or the database was unavailable.</summary>
    public static readonly TimeSpan StartupGrace = TimeSpan.FromSeconds(60);

    /// <summary>Time for the first snapshot of a healthy agent.</summary>
    public static readonly TimeSpan SnapshotLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Number of consecutive sessions without an answered first snapshot after which the provider is in Error.
    /// </summary>
    public const int MaxFailures = 3;

    /// <summary>Period over which changes from Ready to Error are counted for flapping.</summary>
    public static readonly TimeSpan FlappingWindow = TimeSpan.FromMinutes(5);

    /// <summary>Number of such changes that is still tolerated.</summary>
    public const int FlappingErrors = 3;

    /// <summary>Time without trouble that ends flapping.</summary>
    public static readonly TimeSpan FlappingCalm = TimeSpan.FromSeconds(30);

    /// <summary>Returns the state after a fact.</summary>
    public static StatusState Step(StatusState state, StatusFact fact, DateTimeOffset at) =>
        Settle(Observe(state, fact, at), at);

    /// <summary>
    /// Returns when <see cref="StatusFact.TimePassed"/> would next change the state; null if only other facts can.
    /// </summary>
    public static DateTimeOffset? Deadline(StatusState state)
    {
        if (state.StoreUnavailable)
            return null;
        var patience = state switch
        {
            { Synced: false, SnapshotOverdue: false } => SnapshotLimit,
            { Synced: true, Code: StatusCodes.Flapping } => FlappingCalm,
            _ => (TimeSpan?)null,
        };
        return state.HealthySince + patience is { } p && (state.LinkDeadline is not { } d || p < d)
            ? p
            : state.LinkDeadline;
    }

    /// <summary>Returns the times of changes from Ready to Error after another change of status.</summary>
    public static ImmutableArray<DateTimeOffset> RememberError(
        ImmutableArray<DateTimeOffset> errors,
        ProviderStatus from,
        ProviderStatus to,
        DateTimeOffset at
    ) =>
        (from, to) is (ProviderStatus.Ready, ProviderStatus.Error)
            ? [.. errors.Where(e => e > at - FlappingWindow), at]
            : errors;

    private static StatusState Observe(StatusState state, StatusFact fact, DateTimeOffset at) =>
        fact switch
        {
            StatusFact.Attached f => Attached(state, f, at),
            StatusFact.Synced when state is { Link: Link.Attached, Identified: true } => Synced(state, at),
            StatusFact.Received when state.Link == Link.Attached => state with
            {
                LinkDeadline = at + state.SilenceLimit,
            },
            StatusFact.Reported f when state.Link == Link.Attached => state with
            {
                Conditions = f.Conditions,
                LinkDeadline = at + state.SilenceLimit,
            },
            StatusFact.Detached { Failures: >= MaxFailures } f
                when state.Link == Link.Attached && !state.StoreUnavailable => Failed(state, f, at),
            // While the database is unavailable, the deadline counts as due; it is restarted when the database is back.
            StatusFact.Detached f when state.Link == Link.Attached => state with
            {
                Link = Link.Grace,
                LinkDeadline = state.StoreUnavailable ? at : at + f.Grace,
            },
            // The open session is closed because of its token. Until then its agent is attached.
            StatusFact.TokensGone when state.Link is Link.Attached or Link.Grace => state with { NoToken = true },
            StatusFact.Refused f when state.Link == Link.None && !state.StoreUnavailable => Refused(state, f, at),
            StatusFact.OwnerLost when state.Link == Link.None => state with
            {
                Link = Link.Grace,
                LinkDeadline = at + StartupGrace,
            },
            StatusFact.Suspended => Suspended(state, at),
            StatusFact.StoreLost => state with { StoreUnavailable = true },
            StatusFact.StoreRecovered when state.StoreUnavailable => StoreRecovered(state, at),
            _ => state,
        };

    private static StatusState Refused(StatusState state, StatusFact.Refused fact, DateTimeOffset at) =>
        WithStatus(state, ProviderStatus.Error, fact.Code, fact.Message, at);

    private static StatusState Attached(StatusState state, StatusFact.Attached fact, DateTimeOffset at) =>
        state with
        {
            Link = Link.Attached,
            Conditions = fact.Conditions,
            SilenceLimit = fact.SilenceLimit,
            LinkDeadline = at + fact.SilenceLimit,
            HealthySince = null,
            NoToken = false,
            Identified = fact.Identified,
            Synced = false,
            SnapshotOverdue = false,
        };

    private static StatusState Synced(StatusState state, DateTimeOffset at) =>
        state with
        {
            Synced = true,
            SnapshotOverdue = false,
            LinkDeadline = at + state.SilenceLimit,
        };

    /// <summary>Silence is not counted while this process was suspended and could not receive.</summary>
    private static StatusState Suspended(StatusState state, DateTimeOffset at) =>
        state with
        {
            LinkDeadline = state.LinkDeadline < at + StartupGrace ? at + StartupGrace : state.LinkDeadline,
            HealthySince = state.Synced ? state.HealthySince : null,
        };

    private static StatusState StoreRecovered(StatusState state, DateTimeOffset at) =>
        state with
        {
            StoreUnavailable = false,
            LinkDeadline = state.LinkDeadline <= at ? at + StartupGrace : state.LinkDeadline,
            // A snapshot cannot be answered without the database.
            HealthySince = state.Synced ? state.HealthySince : null,
        };

    private static StatusState Settle(StatusState state, DateTimeOffset at)
    {
        if (state.StoreUnavailable)
            return state;
        return state.Link switch
        {
            Link.Attached when state.LinkDeadline <= at => Ended(
                state,
                Link.Unresponsive,
                StatusCodes.AgentUnresponsive,
                "The agent's stream is open, but three heartbeats are missing.",
                at
            ),
            Link.Attached => Assess(state, at),
            Link.Grace when state.NoToken => Ended(
                state,
                Link.None,
                StatusCodes.TokenRevoked,
                "Its last token has been revoked: no agent can attach until it is given a new one.",
                at
            ),
            Link.Grace when state.LinkDeadline <= at => Ended(
                state,
                Link.None,
                StatusCodes.AgentDisconnected,
                "The agent's stream has ended and it has not come back.",
                at
            ),
            _ => state with { HealthySince = null },
        };
    }

    private static StatusState Ended(StatusState state, Link link, string code, string message, DateTimeOffset at)
    {
        var next = state with { Link = link, LinkDeadline = null, HealthySince = null };
        return WithStatus(next, ProviderStatus.Error, code, message, at);
    }

    /// <summary>
    /// Handles a session that ended before its first snapshot: it is no sign of life, so no grace period begins.
    /// </summary>
    private static StatusState Failed(StatusState state, StatusFact.Detached fact, DateTimeOffset at) =>
        Required(state).Find(c => c.Status == ConditionStatus.False) is not null && state.Status == ProviderStatus.Error
            ? Ended(state, Link.None, state.Code, state.Message, at)
            : Ended(
                state,
                Link.None,
                StatusCodes.SnapshotIncomplete,
                $"{fact.Failures} sessions in a row ended before the agent's first snapshot was complete. The last one: {fact.Cause}",
                at
            );

    private static List<Condition> Required(StatusState state) =>
        [
            .. ConditionTypes.Required.Select(type =>
                state.Conditions.FirstOrDefault(c => c.Type == type) ?? Missing(type)
            ),
        ];

    private static StatusState Assess(StatusState state, DateTimeOffset at)
    {
        var required = Required(state);
        var unwell = state with { HealthySince = null, SnapshotOverdue = false };
        if (required.Find(c => c.Status == ConditionStatus.False) is { } broken)
            return WithStatus(
                unwell,
                ProviderStatus.Error,
                broken.Code.Length > 0 ? broken.Code : StatusCodes.ReadinessUnknown,
                broken.Message,
                at
            );
        if (required.Find(c => c.Status == ConditionStatus.Unknown) is { } unknown)
            return Undetermined(unwell, unknown, at);

        var healthy = state with { HealthySince = state.HealthySince ?? at };
        if (!healthy.Synced)
            return Unsynced(healthy, at);
        return healthy.Code == StatusCodes.Flapping && at < healthy.HealthySince + FlappingCalm
            ? healthy
            : WithStatus(healthy, ProviderStatus.Ready, "", "", at);
    }

    /// <summary>
    /// Without an answered first snapshot, an agent makes no provider Ready. A Ready provider keeps its status for a
    /// while.
    /// </summary>
    private static StatusState Unsynced(StatusState state, DateTimeOffset at)
    {
        var next = state with { SnapshotOverdue = at >= state.HealthySince + SnapshotLimit };
        if (!next.Identified && (next.SnapshotOverdue || next.Status != ProviderStatus.Ready))
            return WithStatus(
                next,
                ProviderStatus.Error,
                StatusCodes.ReadinessUnknown,
                "The agent is attached but has not said which namespace it works in (namespace_uid); nothing is sent to it.",
                at
            );
        return next.SnapshotOverdue
            ? WithStatus(
                next,
                ProviderStatus.Error,
                StatusCodes.SnapshotIncomplete,
                $"The agent is attached, but its first snapshot has not been complete for {SnapshotLimit.TotalSeconds:0} s.",
                at
            )
            : next;
    }

    /// <summary>
    /// An unknown condition never moves a provider out of Ready, but it cannot make one Ready or keep an old cause.
    /// </summary>
    private static StatusState Undetermined(StatusState state, Condition unknown, DateTimeOffset at) =>
        state.Status != ProviderStatus.Ready
            ? WithStatus(
                state,
                ProviderStatus.Error,
                StatusCodes.ReadinessUnknown,
                $"The agent is attached but has not determined {unknown.Type}. {unknown.Message}".TrimEnd(),
                at
            )
            : state;

    private static Condition Missing(string type) =>
        new(type, ConditionStatus.Unknown, Message: "It was not reported.");

    private static StatusState WithStatus(
        StatusState state,
        ProviderStatus status,
        string code,
        string message,
        DateTimeOffset at
    )
    {
        // Flapping lasts until the calm period that ends it, whatever else fails meanwhile.
        if (status == ProviderStatus.Error && state.Code == StatusCodes.Flapping)
            return state;

        var errors = RememberError(state.RecentErrors, state.Status, status, at);
        if (status == ProviderStatus.Error && state.Status == ProviderStatus.Ready && errors.Length > FlappingErrors)
            (code, message) = (
                StatusCodes.Flapping,
                $"Ready was lost {errors.Length} times in {FlappingWindow.TotalMinutes:0} minutes; the last cause was {code}: {message}"
            );

        var next = state with { Status = status, Code = code, Message = message, RecentErrors = errors };
        return next.SameStatus(state) ? state : next with { StatusAt = at };
    }
}
