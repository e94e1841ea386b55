using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>How the agent is connected, as its owner sees it.</summary>
internal enum Link
{
    /// <summary>No agent, and nothing left to wait for.</summary>
    None,

    /// <summary>A session is open.</summary>
    Attached,

    /// <summary>The session has ended; the agent may still come back in time.</summary>
    Grace,

    /// <summary>The session is open, but the agent has been silent too long: its owner must close it.</summary>
    Unresponsive,
}

/// <summary>Everything that the status of a provider depends on.</summary>
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

    /// <summary>When silence, or the grace, has lasted too long.</summary>
    public DateTimeOffset? LinkDeadline { get; init; }

    /// <summary>How long an attached agent may be silent.</summary>
    public TimeSpan SilenceLimit { get; init; }

    /// <summary>The attached agent has said which namespace it works in.</summary>
    public bool Identified { get; init; }

    /// <summary>The first snapshot of the open session has been answered.</summary>
    public bool Synced { get; init; }

    /// <summary>The first snapshot has been missing for too long, though nothing else is wrong.</summary>
    public bool SnapshotOverdue { get; init; }

    /// <summary>Since when an attached agent has had all required conditions true without a break.</summary>
    public DateTimeOffset? HealthySince { get; init; }

    /// <summary>The provider has no token left: an agent that is gone can't come back.</summary>
    public bool NoToken { get; init; }

    /// <summary>The store can't be reached: nothing is decided until it is back.</summary>
    public bool StoreAway { get; init; }

    public static StatusState From(ProviderPresence presence) =>
        new(presence.Status, presence.Code, presence.Message, presence.StatusAt, presence.RecentErrors)
        {
            Conditions = presence.Conditions,
        };

    public bool SameStatus(StatusState other) =>
        Status == other.Status && Code == other.Code && Message == other.Message;

    public StatusChanged ToEvent(long epoch) => new(epoch, Status, Code, Message, StatusAt);
}

/// <summary>Something that happened. When it happened is given beside it.</summary>
internal abstract record StatusFact
{
    private StatusFact() { }

    /// <summary>A session was opened, with its first readiness report.</summary>
    public sealed record Attached(ImmutableArray<Condition> Conditions, TimeSpan SilenceLimit) : StatusFact
    {
        /// <summary>The agent has said which namespace it works in.</summary>
        public bool Identified { get; init; } = true;
    }

    /// <summary>The first snapshot of the session has been answered.</summary>
    public sealed record Synced : StatusFact;

    /// <summary>The agent was heard.</summary>
    public sealed record Heard : StatusFact;

    /// <summary>A new readiness report.</summary>
    public sealed record Reported(ImmutableArray<Condition> Conditions) : StatusFact;

    /// <summary>The session has ended, and a grace begins.</summary>
    public sealed record Detached(TimeSpan Grace) : StatusFact
    {
        /// <summary>Sessions in a row, this one included, that ended before their first snapshot was answered.</summary>
        public int Failures { get; init; }

        /// <summary>Why the session ended, as the end of a sentence; used if too many have failed.</summary>
        public string Cause { get; init; } = "";
    }

    /// <summary>The provider's last token was revoked: no agent can attach.</summary>
    public sealed record TokensGone : StatusFact;

    /// <summary>An agent was refused at its Hello.</summary>
    public sealed record Refused(string Code, string Message) : StatusFact;

    /// <summary>The replica that owned the session has left without a word.</summary>
    public sealed record OwnerLost : StatusFact;

    public sealed record StoreLost : StatusFact;

    /// <summary>The owner itself has not listened for a while: stopped, suspended, or starved.</summary>
    public sealed record HeldUp : StatusFact;

    public sealed record StoreBack : StatusFact;

    /// <summary>Time has passed: the deadline may be due.</summary>
    public sealed record TimePassed : StatusFact;
}
