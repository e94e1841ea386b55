using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>State of the connection to the agent, as seen by its owner.</summary>
internal enum Link
{
    /// <summary>No agent, and no deadline to wait for.</summary>
    None,

    /// <summary>A session is open.</summary>
    Attached,

    /// <summary>The session has ended, and the agent may return within the grace period.</summary>
    Grace,

    /// <summary>The session is open, but the agent has been silent for too long; its owner must close it.</summary>
    Unresponsive,
}

/// <summary>All state that the status of a provider depends on.</summary>
internal sealed record StatusState(
    ProviderStatus Status,
    string Code,
    string Message,
    DateTimeOffset StatusAt,
    ImmutableArray<DateTimeOffset> RecentErrors
)
{
    public Link Link { get; init; } = Link.None;

    public ImmutableArray<Condition> Conditions { get; init; } = [];

    /// <summary>When the allowed silence or the grace period ends.</summary>
    public DateTimeOffset? LinkDeadline { get; init; }

    /// <summary>Maximum silence of an attached agent.</summary>
    public TimeSpan SilenceLimit { get; init; }

    /// <summary>Whether the attached agent has reported its namespace.</summary>
    public bool Identified { get; init; }

    /// <summary>Whether the first snapshot of the open session was answered.</summary>
    public bool Synced { get; init; }

    /// <summary>Whether the first snapshot is overdue while nothing else is wrong.</summary>
    public bool SnapshotOverdue { get; init; }

    /// <summary>Since when all required conditions of an attached agent have been true without interruption.</summary>
    public DateTimeOffset? HealthySince { get; init; }

    /// <summary>Whether the provider has no token left, so that an agent cannot return.</summary>
    public bool NoToken { get; init; }

    /// <summary>Whether the database is unavailable; nothing is decided until it is back.</summary>
    public bool StoreUnavailable { get; init; }

    public static StatusState From(ProviderPresence presence) =>
        new(presence.Status, presence.Code, presence.Message, presence.StatusAt, presence.RecentErrors)
        {
            Conditions = presence.Conditions,
        };

    public bool SameStatus(StatusState other) =>
        Status == other.Status && Code == other.Code && Message == other.Message;

    public StatusChanged ToEvent(long epoch) => new(epoch, Status, Code, Message, StatusAt);
}

/// <summary>Something that happened. Its time is passed separately.</summary>
internal abstract record StatusFact
{
    private StatusFact() { }

    /// <summary>A session was opened, with its first readiness report.</summary>
    public sealed record Attached(ImmutableArray<Condition> Conditions, TimeSpan SilenceLimit) : StatusFact
    {
        /// <summary>Whether the agent has reported its namespace.</summary>
        public bool Identified { get; init; } = true;
    }

    /// <summary>The first snapshot of the session was answered.</summary>
    public sealed record Synced : StatusFact;

    /// <summary>A frame of the agent was received.</summary>
    public sealed record Received : StatusFact;

    /// <summary>The agent sent a new readiness report.</summary>
    public sealed record Reported(ImmutableArray<Condition> Conditions) : StatusFact;

    /// <summary>The session has ended and the grace period begins.</summary>
    public sealed record Detached(TimeSpan Grace) : StatusFact
    {
        /// <summary>
        /// Number of consecutive sessions, including this one, that ended before their first snapshot was answered.
        /// </summary>
        public int Failures { get; init; }

        /// <summary>Why the session ended, as the end of a sentence; used if too many sessions have failed.</summary>
        public string Cause { get; init; } = "";
    }

    /// <summary>The provider's last token was revoked; no agent can attach.</summary>
    public sealed record TokensGone : StatusFact;

    /// <summary>An agent was refused at its Hello.</summary>
    public sealed record Refused(string Code, string Message) : StatusFact;

    /// <summary>The replica that owned the session has left without ending it.</summary>
    public sealed record OwnerLost : StatusFact;

    public sealed record StoreLost : StatusFact;

    /// <summary>The owner itself was stopped, suspended or starved for a while.</summary>
    public sealed record Suspended : StatusFact;

    public sealed record StoreRecovered : StatusFact;

    /// <summary>Time has passed, so that a deadline may be due.</summary>
    public sealed record TimePassed : StatusFact;
}
