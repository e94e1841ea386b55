using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// What keeps a workspace from starting, stopping or going is named: container, pod, node, finalizer.
/// </summary>
public sealed class PodAssessmentTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>A container's reason, whether that is for good, and the code.</summary>
    public static TheoryData<string, bool, string> Reasons { get; } =
        new()
        {
            { "CrashLoopBackOff", true, "crash_loop" },
            { "CreateContainerConfigError", true, "container_failed" },
            { "InvalidImageName", true, "image_pull_failed" },
            { "ImagePullBackOff", false, "image_pull_failed" },
            { "SignatureValidationFailed", false, "container_failed" },
            { "SomethingThatIsNewInKubernetes", false, "container_failed" },
        };

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Any_containers_trouble_counts_with_its_name(string reason, bool final, string code)
    {
        var bad = Waiting("vault", reason);
        var (init, sidecar, own) = (
            Evaluate(Pod([Waiting("workspace", "PodInitializing")], init: [Running("first"), bad])),
            Evaluate(Pod([bad, Running("workspace")])),
            Evaluate(Pod([Running("proxy"), bad with { Name = "workspace" }]))
        );

        foreach (
            var (seen, named) in new[]
            {
                (init, "init container \"vault\": "),
                (sidecar, "container \"vault\": "),
                (own, ""),
            }
        )
        {
            Assert.Equal((final ? WorkspaceState.Failed : WorkspaceState.Starting, code), (seen.State, seen.Code));
            Assert.StartsWith(named, seen.Message, StringComparison.Ordinal);
            Assert.EndsWith("in its words", seen.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public void What_does_not_end_is_failed_after_the_time_that_is_set(string reason, bool final, string code)
    {
        var seen = Evaluate(Pod([Running("workspace"), Waiting("vault", reason)]), Limit);

        Assert.Equal((WorkspaceState.Failed, code), (seen.State, seen.Code));
        Assert.Equal(!final, seen.Message.EndsWith(" (for longer than 10m)", StringComparison.Ordinal));
    }

    [Fact]
    public void What_is_for_good_is_told_before_what_may_pass()
    {
        var seen = Evaluate(Pod([Waiting("workspace", "ImagePullBackOff"), Waiting("proxy", "CrashLoopBackOff")]));

        Assert.Equal((WorkspaceState.Failed, "crash_loop"), (seen.State, seen.Code));
    }

    [Fact]
    public void An_init_container_that_ended_badly_says_so_between_two_attempts()
    {
        var ended = new PodObject.ContainerStatus("setup", 1, new(Terminated: new("Error", 7)));

        var seen = Evaluate(Pod([Waiting("workspace", "PodInitializing")], init: [ended]));

        Assert.Equal(
            (WorkspaceState.Starting, "init container \"setup\": the container ended with exit code 7 (Error)"),
            (seen.State, seen.Message)
        );
        // One that ended well is no trouble.
        ended = new("setup", State: new(Terminated: new("Completed", 0)));
        Assert.Equal("", Evaluate(Pod([Waiting("workspace", "PodInitializing")], init: [ended])).Message);
    }

    [Fact]
    public void An_init_container_that_takes_its_time_is_named()
    {
        var pod = Pod([Waiting("workspace", "PodInitializing")], init: [Running("wait-for-database")]);

        pod = With(pod, new ObjectCondition("Initialized", "False"));
        var (early, late) = (Evaluate(pod, Limit / 2), Evaluate(pod, Limit * 2));

        Assert.Equal(
            (WorkspaceState.Starting, "", "Waits for init container \"wait-for-database\" to end."),
            (early.State, early.Code, early.Message)
        );
        Assert.Equal((WorkspaceState.Failed, "start_timeout"), (late.State, late.Code));
        Assert.StartsWith(early.Message, late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_that_is_not_ready_is_told_in_the_clusters_words()
    {
        var pod = Pod(
            [Running("workspace"), Running("proxy", ready: false)],
            ready: new("Ready", "False", "ContainersNotReady", "containers with unready status: [proxy]", Now)
        );

        var (early, late) = (Evaluate(pod, Limit / 2), Evaluate(pod, Limit));

        Assert.Equal(
            (WorkspaceState.Starting, "", "ContainersNotReady: containers with unready status: [proxy]"),
            (early.State, early.Code, early.Message)
        );
        Assert.Equal((WorkspaceState.Failed, "container_failed"), (late.State, late.Code));
    }

    [Fact]
    public void A_pod_whose_node_is_not_heard_of_names_the_node()
    {
        var pod = Pod([Running("workspace")], ready: new("Ready", "False", LastTransitionTime: Now));
        var lost = pod with
        {
            Status = pod.Status! with
            {
                Reason = "NodeLost",
                Message = "Node n1 which was running pod p is unresponsive",
            },
        };

        var (early, late, told) = (Evaluate(pod), Evaluate(pod, Limit), Evaluate(lost));

        Assert.Equal(
            (WorkspaceState.Starting, "node_not_ready", "Node n1 is not ready: nothing is heard of it."),
            (early.State, early.Code, early.Message)
        );
        Assert.Equal((WorkspaceState.Failed, "node_not_ready"), (late.State, late.Code));
        Assert.Equal("Node n1 which was running pod p is unresponsive", told.Message);
    }

    [Theory]
    [InlineData("FailedMount", TimelineStage.Waiting, "volume_failed")]
    [InlineData("FailedCreatePodSandBox", TimelineStage.Notice, "container_failed")]
    public void What_is_told_of_a_pod_whose_containers_are_not_made_is_why(
        string reason,
        TimelineStage stage,
        string code
    )
    {
        var pod = Pod([Waiting("workspace", "ContainerCreating", words: null)]);
        var told = new SeenEvent("u", reason, stage, "no such thing", Now, Now);
        var pulling = new SeenEvent("u", "Pulling", TimelineStage.ImagePulling, "", Now, Now + TimeSpan.FromSeconds(1));

        var (early, late) = (Evaluate(pod, TimeSpan.Zero, told), Evaluate(pod, Limit, told));

        Assert.Equal(
            (WorkspaceState.Starting, "", $"{reason}: no such thing"),
            (early.State, early.Code, early.Message)
        );
        Assert.Equal((WorkspaceState.Failed, code), (late.State, late.Code));
        // It was overcome.
        Assert.Equal(
            (WorkspaceState.Starting, ""),
            (Evaluate(pod, Limit, told, pulling).State, Evaluate(pod, Limit, told, pulling).Message)
        );
    }

    [Fact]
    public void A_start_that_waits_for_the_pod_before_names_it_with_node_and_finalizers()
    {
        var old = Going(Pod([Running("workspace")]), finalizers: ["example.com/a", "example.com/b"]);

        var seen = Evaluate(Deployment(updated: 0), old);

        Assert.Equal(
            (
                WorkspaceState.Starting,
                "Waits for pod ws-w-1 on node n1, which is kept by finalizers example.com/a, example.com/b."
            ),
            (seen.State, seen.Message)
        );
    }

    [Fact]
    public void A_stop_says_which_pod_on_which_node_it_waits_for_and_when_that_is_overdue()
    {
        var going = Going(Pod([Running("workspace")]));

        var (early, deadline) = Of(Deployment(replicas: 0), [going]);
        var (late, none) = Of(Deployment(replicas: 0), [going], later: TerminationMessages.Overdue);

        Assert.Equal((WorkspaceState.Stopping, "Waits for pod ws-w-1 on node n1."), (early.State, early.Message));
        Assert.Equal(Now + TerminationMessages.Overdue, deadline);
        Assert.Equal(
            "Waits for pod ws-w-1 on node n1, which should have ended at 2026-01-01 12:00:00Z, so its node may be lost.",
            late.Message
        );
        Assert.Null(none);
    }

    [Fact]
    public void A_deletion_says_what_it_waits_for_pods_first()
    {
        var claim = Claim(deleting: true, "kubernetes.io/pvc-protection");

        var (pods, _) = Of(null, [Going(Pod([Running("workspace")]))], claim, removing: true);
        var (disk, _) = Of(null, [], claim, removing: true);
        var (kept, _) = Of(
            Deployment(deleting: true, finalizer: "example.com/keep"),
            [Pod([Running("workspace")])],
            claim,
            removing: true
        );
        var (both, _) = Of(Deployment(deleting: true, finalizer: "foregroundDeletion"), [], claim, removing: true);

        Assert.Equal((WorkspaceState.Deleting, "Waits for pod ws-w-1 on node n1."), (pods.State, pods.Message));
        Assert.Equal(
            "Waits for pod ws-w-1 on node n1. Waits for the Deployment ws-w, which is kept by finalizer example.com/keep.",
            kept.Message
        );
        const string Disk =
            "Waits for the PersistentVolumeClaim ws-w, which is kept by finalizer kubernetes.io/pvc-protection (a pod still uses it).";
        Assert.Equal(Disk, disk.Message);
        Assert.Equal(
            $"Waits for the Deployment ws-w, which is kept by finalizer foregroundDeletion. {Disk}",
            both.Message
        );
    }

    [Fact]
    public void A_lost_node_is_told_in_the_clusters_words()
    {
        var going = Going(Pod([Running("workspace")]));
        going = going with
        {
            Status = going.Status! with
            {
                Reason = "NodeLost",
                Message = "Node n1 which was running pod p is unresponsive",
            },
        };

        Assert.Equal(
            "Waits for pod ws-w-1 on node n1 (NodeLost: Node n1 which was running pod p is unresponsive).",
            Of(Deployment(replicas: 0), [going]).Workspace.Message
        );
    }

    private static ClusterWorkspace Evaluate(PodObject pod, TimeSpan later = default, params SeenEvent[] events) =>
        Of(Deployment(), [pod], later: later, events: events).Workspace;

    private static ClusterWorkspace Evaluate(DeploymentObject deployment, params PodObject[] pods) =>
        Of(deployment, pods).Workspace;

    private static (ClusterWorkspace Workspace, DateTimeOffset? Deadline) Of(
        DeploymentObject? deployment,
        PodObject[] pods,
        ClaimObject? claim = null,
        bool removing = false,
        TimeSpan later = default,
        SeenEvent[]? events = null
    )
    {
        var objects = new WorkspaceObjects(deployment, claim ?? Claim(), pods) { Events = events ?? [] };
        var (seen, deadline) = ObservedStates.Of(
            "w",
            objects,
            removing,
            known: 0,
            new EvaluationContext(Now + later, Limit)
        );
        return (seen!, deadline);
    }

    private static DeploymentObject Deployment(
        int replicas = 1,
        int updated = 1,
        bool deleting = false,
        string? finalizer = null
    ) =>
        new(
            new ObjectMeta(
                "ws-w",
                Generation: 2,
                DeletionTimestamp: deleting ? Now : null,
                Finalizers: finalizer is null ? null : [finalizer]
            ),
            new DeploymentObject.DeploymentSpec(replicas),
            new DeploymentObject.DeploymentStatus(2, 0, updated)
        );

    private static ClaimObject Claim(bool deleting = false, string? finalizer = null) =>
        new(
            new ObjectMeta(
                "ws-w",
                DeletionTimestamp: deleting ? Now : null,
                Finalizers: finalizer is null ? null : [finalizer]
            )
        );

    private static PodObject Pod(
        PodObject.ContainerStatus[] containers,
        PodObject.ContainerStatus[]? init = null,
        ObjectCondition? ready = null
    ) =>
        new(
            new ObjectMeta("ws-w-1", Uid: "u", CreationTimestamp: Now),
            new PodObject.PodStatus(
                "Pending",
                [ready ?? new("Ready", "False", LastTransitionTime: Now), new("PodScheduled", "True")],
                containers,
                InitContainerStatuses: init
            ),
            new PodObject.PodPlacement("n1")
        );

    private static PodObject With(PodObject pod, ObjectCondition condition) =>
        pod with
        {
            Status = pod.Status! with { Conditions = [.. pod.Status.Conditions!, condition] },
        };

    private static PodObject Going(PodObject pod, string[]? finalizers = null) =>
        pod with
        {
            Metadata = pod.Metadata with { DeletionTimestamp = Now, Finalizers = finalizers },
        };

    private static PodObject.ContainerStatus Waiting(string name, string reason, string? words = "in its words") =>
        new(name, State: new(new PodObject.ContainerWaiting(reason, words)));

    private static PodObject.ContainerStatus Running(string name, bool ready = true) =>
        new(name, State: new(Running: new PodObject.ContainerRunning(Now)), Ready: ready);
}
