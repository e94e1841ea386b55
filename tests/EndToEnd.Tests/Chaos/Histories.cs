namespace Coder.Mesh.EndToEnd.Tests.Chaos;

/// <summary>Histories by hand, of which each test spoils one.</summary>
internal static class Histories
{
    public const string Id = "w1";

    public static readonly Write Create = Acknowledged("r1", WriteKind.Create, 1, at: 0);
    public static readonly Write Stop = Acknowledged("r2", WriteKind.Stop, 2, at: 10);
    public static readonly Write Delete = Acknowledged("r3", WriteKind.Delete, 3, at: 20);

    public static readonly StoredEvent Created = new(Id, EventKind.Created, 1, "r1", "dev");
    public static readonly StoredEvent StopRequested = new(Id, EventKind.StopRequested, 2, "r2");
    public static readonly StoredEvent DeleteRequested = new(Id, EventKind.DeleteRequested, 3, "r3");

    public static readonly ClusterObject Deployment = new("deployments", "ws-w1", Id, 1, 1);
    public static readonly ClusterObject Claim = new("persistentvolumeclaims", "ws-w1", Id, 1);
    public static readonly ClusterObject Pod = new("pods", "ws-w1-x", Id);

    public static readonly History Runs = new(
        [Create],
        [Created, Seen(State.Starting, 0), Seen(State.Starting, 1), Seen(State.Running, 1)],
        [new(Id, 1, "Running", State.Running)],
        [Deployment, Claim, Pod]
    );

    public static readonly History Stopped = new(
        [Create, Stop],
        [Created, Seen(State.Running, 1), StopRequested, Seen(State.Stopping, 2), Seen(State.Stopped, 2)],
        [new(Id, 2, "Stopped", State.Stopped)],
        [Deployment with { Generation = 2, Replicas = 0 }, Claim]
    );

    public static readonly History Gone = new(
        [Create, Stop, Delete],
        [Created, StopRequested, DeleteRequested, Seen(State.Deleting, 3), Seen(State.Deleted, 3)],
        [new(Id, 3, "Deleted", State.Deleted)],
        []
    );

    public static readonly History Nothing = new([], [], [], []);

    public static StoredEvent Seen(State state, long generation) =>
        new(Id, EventKind.Observed, generation, State: state);

    public static Write Acknowledged(string request, WriteKind kind, long generation, double at, string id = Id) =>
        new(
            request,
            kind,
            "dev",
            kind == WriteKind.Create ? "" : Id,
            [new(at, at + 1, Verdict.Acknowledged, "", id, generation)]
        );

    public static Write Unanswered(string request, WriteKind kind) =>
        new(request, kind, "dev", "", [new(0, 1, Verdict.Unanswered), new(2, 3, Verdict.Unanswered)]);

    public static void Violates(History history, string violation) =>
        Assert.Contains(Checker.Violations(history), v => v.Contains(violation, StringComparison.Ordinal));
}
