namespace Coder.Mesh.EndToEnd.Tests.Chaos;

internal enum Verdict
{
    /// <summary>The control plane said yes.</summary>
    Acknowledged,

    /// <summary>The control plane said no, and why.</summary>
    Refused,

    /// <summary>Nobody said anything that tells whether it was done.</summary>
    Unanswered,
}

/// <summary>One time that a write was sent.</summary>
/// <param name="SentAt">Seconds of the run.</param>
/// <param name="Said">The reason of a refusal, or what went wrong on the way.</param>
/// <param name="WorkspaceId">Of an acknowledgement: whose it is.</param>
/// <param name="Generation">Of an acknowledgement: the workspace's after it.</param>
internal sealed record Attempt(
    double SentAt,
    double EndedAt,
    Verdict Verdict,
    string Said = "",
    string WorkspaceId = "",
    long Generation = 0
);

/// <summary>One write of one caller, under one request id.</summary>
/// <param name="WorkspaceId">The workspace that is meant; empty for a create.</param>
internal sealed record Write(
    string RequestId,
    WriteKind Kind,
    string Name,
    string WorkspaceId,
    IReadOnlyList<Attempt> Attempts
)
{
    public Attempt? Acknowledgement => Attempts.FirstOrDefault(a => a.Verdict == Verdict.Acknowledged);

    /// <summary>Refused each time: after one without an answer a refusal doesn't tell what became of that.</summary>
    public bool Refused => Attempts.Count > 0 && Attempts.All(a => a.Verdict == Verdict.Refused);

    public override string ToString() => $"{Kind} {Name} ({RequestId})";
}

internal enum EventKind
{
    Created,
    StartRequested,
    StopRequested,
    DeleteRequested,
    Observed,
    GenerationRaised,
    Lost,
}

internal enum State
{
    Pending,
    Starting,
    Running,
    Stopping,
    Stopped,
    Failed,
    Deleting,
    Deleted,
    Lost,
}

/// <summary>One event of a workspace, as the store has it.</summary>
/// <param name="RequestId">Of the write that it is the effect of; empty if it is none's.</param>
/// <param name="Name">Of a creation.</param>
/// <param name="State">Of an observation.</param>
internal sealed record StoredEvent(
    string WorkspaceId,
    EventKind Kind,
    long Generation,
    string RequestId = "",
    string Name = "",
    State State = State.Pending
);

/// <summary>What the store shows of a workspace to those who ask for it.</summary>
internal sealed record StoredWorkspace(string WorkspaceId, long Generation, string Desired, State State);

/// <summary>One object of the namespace.</summary>
/// <param name="WorkspaceId">By its label; empty if it has none.</param>
/// <param name="Generation">By its annotation; 0 if it has none.</param>
/// <param name="Replicas">Of a Deployment.</param>
internal sealed record ClusterObject(
    string Kind,
    string Name,
    string WorkspaceId = "",
    long Generation = 0,
    int? Replicas = null
);

/// <summary>All that is known after a run.</summary>
internal sealed record History(
    IReadOnlyList<Write> Writes,
    IReadOnlyList<StoredEvent> Events,
    IReadOnlyList<StoredWorkspace> Workspaces,
    IReadOnlyList<ClusterObject> Objects
);
