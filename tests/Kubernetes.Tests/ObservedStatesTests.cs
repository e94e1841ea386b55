using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class ObservedStatesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    [Fact]
    public void Nothing_left_is_no_workspace() => Assert.Null(Of(new(null, null, []), removing: true, known: 4));

    [Fact]
    public void A_volume_alone_is_starting() => AssertState(WorkspaceState.Starting, deployment: null);

    [Fact]
    public void A_deployment_that_no_controller_has_seen_is_starting() =>
        AssertState(WorkspaceState.Starting, Deployment(observed: 1, ready: 1), Pod());

    [Fact]
    public void Ready_at_the_observed_generation_is_running() =>
        AssertState(WorkspaceState.Running, Deployment(ready: 1), Pod());

    [Fact]
    public void Ready_by_the_deployments_count_but_not_by_any_pod_is_starting()
    {
        AssertState(WorkspaceState.Starting, Deployment(ready: 1), Pod(ready: "False"));
        AssertState(WorkspaceState.Starting, Deployment(ready: 1));
        AssertState(WorkspaceState.Starting, Deployment(ready: 1), Pod(deleting: true));
    }

    [Fact]
    public void Ready_only_with_the_old_template_is_starting() =>
        AssertState(WorkspaceState.Starting, Deployment(ready: 1, updated: 0), Pod());

    [Fact]
    public void No_replicas_with_a_pod_left_is_stopping()
    {
        AssertState(WorkspaceState.Stopping, Deployment(replicas: 0), Pod(deleting: true));
        AssertState(WorkspaceState.Stopping, Deployment(replicas: 0, counted: 1));
        AssertState(WorkspaceState.Stopping, Deployment(replicas: 0, observed: 1));
    }

    [Fact]
    public void A_stop_that_no_pod_holds_up_waits_for_the_controllers() =>
        Assert.StartsWith(
            "Waits for the cluster's controllers to act on the Deployment",
            Observe(Deployment(replicas: 0, counted: 1), Claim())!.Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void No_replicas_and_no_pod_that_lives_is_stopped(string phase)
    {
        AssertState(WorkspaceState.Stopped, Deployment(replicas: 0));
        AssertState(WorkspaceState.Stopped, Deployment(replicas: 0), Pod(phase: phase));
    }

    [Fact]
    public void What_somebody_else_deletes_stays_what_it_is_until_it_is_gone_and_says_so()
    {
        var volume = Observe(Deployment(ready: 1), Claim(deleting: true), Pod())!;
        var deployment = Observe(Deployment(ready: 1, deleting: true), Claim(), Pod())!;
        var stopped = Observe(Deployment(replicas: 0), Claim(deleting: true))!;

        Assert.Equal((WorkspaceState.Running, "volume_deleting"), (volume.State, volume.Code));
        Assert.StartsWith("The disk (PersistentVolumeClaim ws-w) was deleted in the cluster", volume.Message);
        Assert.Equal((WorkspaceState.Running, ""), (deployment.State, deployment.Code));
        Assert.StartsWith("The Deployment ws-w was deleted in the cluster.", deployment.Message);
        Assert.Equal(WorkspaceState.Stopped, stopped.State);
    }

    [Fact]
    public void What_is_removed_is_deleting_whatever_is_left_of_it()
    {
        foreach (var deployment in new[] { Deployment(ready: 1), Deployment(ready: 1, deleting: true) })
            Assert.Equal(
                WorkspaceState.Deleting,
                Of(new(deployment, Claim(deleting: true), [Pod()]), removing: true, known: 0)!.State
            );
    }

    [Fact]
    public void Pods_alone_are_deleting()
    {
        var seen = Of(new(null, null, [Pod()]), removing: false, known: 4);

        Assert.Equal(new("w", 4, WorkspaceState.Deleting, Message: "Waits for pod pod."), seen! with { Held = null });
    }

    [Fact]
    public void Once_its_removal_was_asked_for_whatever_is_left_is_deleting()
    {
        var seen = Of(new(Deployment(replicas: 0), null, []), removing: true, known: 0);

        Assert.Equal(WorkspaceState.Deleting, seen!.State);
    }

    [Fact]
    public void The_generation_is_the_deployments_and_while_deleting_the_last_known()
    {
        Assert.Equal(3ul, Of(new(Deployment(), Claim(), []), removing: false, known: 0)!.Generation);
        Assert.Equal(8ul, Of(new(null, Claim(), []), removing: true, known: 8)!.Generation);
        Assert.Equal(1ul, Of(new(null, Claim(), []), removing: true, known: 0)!.Generation);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    public void A_volume_alone_is_no_generation_applied(ulong known)
    {
        var seen = Of(new(null, Claim(), []), removing: false, known);

        Assert.Equal(new("w", 0, WorkspaceState.Starting) { Idle = true }, seen! with { Held = null });
        // What is sent again must not be below this one, or it would not be applied.
        Assert.Equal(1ul, seen.Held!.Generation);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("99999999999999999999999")]
    [InlineData("seven")]
    public void A_generation_that_can_not_be_read_is_none(string? text) =>
        Assert.Equal(0ul, ObservedStates.Generation(new ObjectMeta("x", Annotations: new ObjectAnnotations(text))));

    [Theory]
    [InlineData("ErrImageNeverPull", "image_pull_failed")]
    [InlineData("InvalidImageName", "image_pull_failed")]
    [InlineData("CrashLoopBackOff", "crash_loop")]
    [InlineData("CreateContainerConfigError", "container_failed")]
    public void What_a_container_waits_for_in_vain_is_failed(string reason, string code)
    {
        var seen = Observe(Deployment(), Claim(), Pod(ready: "False", waiting: new(reason, "in its words")))!;

        Assert.Equal((WorkspaceState.Failed, code), (seen.State, seen.Code));
        Assert.Contains("in its words", seen.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ContainerCreating")]
    [InlineData("PodInitializing")]
    public void What_a_container_waits_for_in_hope_is_starting(string reason) =>
        AssertState(WorkspaceState.Starting, Deployment(), Pod(ready: "False", waiting: new(reason)));

    /// <summary>What the cluster may still come to do, each with the time that it keeps of it.</summary>
    public static TheoryData<string> Waits { get; } =
    [
        "ErrImagePull",
        "ImagePullBackOff",
        "ImageInspectError",
        "RegistryUnavailable",
        "unschedulable",
        "quota_exceeded",
        "volume_failed",
    ];

    [Theory]
    [MemberData(nameof(Waits))]
    public void What_the_cluster_may_still_do_waits_with_its_words_and_is_failed_after_the_time_that_is_set(string what)
    {
        var (objects, code, words) = Waiting(what);

        var (early, deadline) = ObservedStates.Of("w", objects, removing: false, known: 0, After(Limit - Moment));
        var (late, none) = ObservedStates.Of("w", objects, removing: false, known: 0, After(Limit));

        Assert.Equal((WorkspaceState.Starting, code, words), (early!.State, early.Code, early.Message));
        Assert.Equal(Now + Limit, deadline);
        Assert.Equal(
            (WorkspaceState.Failed, code, $"{words} (for longer than 10m)"),
            (late!.State, late.Code, late.Message)
        );
        Assert.Null(none);
    }

    [Fact]
    public void A_volume_on_its_way_has_no_code_until_it_has_been_on_it_for_too_long()
    {
        const string words = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.";
        var objects = new WorkspaceObjects(Deployment(), Claim(), [Pod(ready: "False", unschedulable: words)]);

        var early = Of(objects, removing: false, known: 0, later: Limit - Moment)!;
        var late = Of(objects, removing: false, known: 0, later: Limit)!;

        Assert.Equal((WorkspaceState.Starting, "", words), (early.State, early.Code, early.Message));
        Assert.Equal((WorkspaceState.Failed, "volume_failed"), (late.State, late.Code));
    }

    [Fact]
    public void A_volume_that_waits_for_its_pod_waits_for_ever()
    {
        var claim = Claim() with { Status = new("Pending") };
        claim = claim with { Metadata = claim.Metadata with { Uid = "c" } };
        var wait = new SeenEvent("c", "WaitForFirstConsumer", TimelineStage.Waiting, "waits", Now, Now);
        var objects = new WorkspaceObjects(Deployment(), claim, []) { Events = [wait] };

        Assert.Equal(WorkspaceState.Starting, Of(objects, removing: false, known: 0, later: Limit * 10)!.State);
    }

    [Fact]
    public void Without_a_time_of_the_condition_that_of_the_pod_counts()
    {
        var pod = Pod(ready: "False", unschedulable: "no room", timed: false);
        var objects = new WorkspaceObjects(Deployment(), Claim(), [pod]);

        var (_, deadline) = ObservedStates.Of("w", objects, removing: false, known: 0, After(TimeSpan.Zero));

        Assert.Equal(pod.Metadata.CreationTimestamp + Limit, deadline);
    }

    [Fact]
    public void A_volume_still_being_provisioned_is_starting()
    {
        const string words = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.";

        var seen = Observe(Deployment(), Claim(), Pod(ready: "False", unschedulable: words))!;

        Assert.Equal((WorkspaceState.Starting, "", words), (seen.State, seen.Code, seen.Message));
    }

    [Theory]
    [InlineData("OOMKilled", 137, "oom_killed")]
    [InlineData("Error", 1, "crash_loop")]
    public void A_container_that_ends_again_and_again_says_how_it_ended(string reason, int exitCode, string code)
    {
        var pod = Pod(ready: "False", waiting: new("CrashLoopBackOff", "back-off 10s"));
        var ended = pod.Status!.ContainerStatuses![0] with
        {
            LastState = new(Terminated: new PodObject.ContainerTerminated(reason, exitCode)),
        };

        var seen = Observe(
            Deployment(),
            Claim(),
            pod with
            {
                Status = pod.Status with { ContainerStatuses = [ended] },
            }
        )!;

        Assert.Equal((WorkspaceState.Failed, code), (seen.State, seen.Code));
        Assert.Equal($"the container ended with exit code {exitCode} ({reason}): back-off 10s", seen.Message);
    }

    [Fact]
    public void A_pod_that_a_policy_refuses_is_failed_at_once()
    {
        var policy = Observe(Refusing("violates PodSecurity \"restricted:latest\""), Claim())!;

        Assert.Equal((WorkspaceState.Failed, "pod_refused"), (policy.State, policy.Code));
        Assert.Equal("FailedCreate: violates PodSecurity \"restricted:latest\"", policy.Message);
    }

    [Fact]
    public void While_the_successor_of_an_evicted_pod_starts_it_says_why()
    {
        var evicted = Pod(name: "old", phase: "Failed", ready: "False");
        evicted = evicted with
        {
            Status = evicted.Status! with { Reason = "Evicted", Message = "The node was low on resource: memory." },
        };

        var seen = Observe(Deployment(), Claim(), evicted, Pod(name: "new", phase: "Pending", ready: "False"))!;

        Assert.Equal(
            (WorkspaceState.Starting, "The pod before was evicted: The node was low on resource: memory."),
            (seen.State, seen.Message)
        );
    }

    [Fact]
    public void A_pod_that_is_going_does_not_speak_for_its_successor()
    {
        var old = Pod(ready: "False", waiting: new("CrashLoopBackOff"), deleting: true);

        AssertState(WorkspaceState.Starting, Deployment(), old, Pod(name: "new", ready: "False"));
    }

    private static void AssertState(WorkspaceState expected, DeploymentObject? deployment, params PodObject[] pods) =>
        AssertState(expected, deployment, Claim(), pods);

    private static void AssertState(
        WorkspaceState expected,
        DeploymentObject? deployment,
        ClaimObject claim,
        params PodObject[] pods
    ) => Assert.Equal(expected, Observe(deployment, claim, pods)!.State);

    private static Agent.Clusters.ClusterWorkspace? Observe(
        DeploymentObject? deployment,
        ClaimObject? claim,
        params PodObject[] pods
    ) => Of(new(deployment, claim, pods), removing: false, known: 0);

    private static Agent.Clusters.ClusterWorkspace? Of(
        WorkspaceObjects objects,
        bool removing,
        ulong known,
        TimeSpan? later = null
    ) => ObservedStates.Of("w", objects, removing, known, After(later ?? TimeSpan.Zero)).Workspace;

    private static EvaluationContext After(TimeSpan later) => new(Now + later, Limit);

    private static (WorkspaceObjects Objects, string Code, string Words) Waiting(string what)
    {
        const string NoRoom = "0/3 nodes are available: 3 Insufficient cpu.";
        const string NoQuota = "pods \"x\" is forbidden: exceeded quota: none";
        switch (what)
        {
            case "unschedulable":
                return (new(Deployment(), Claim(), [Pod(ready: "False", unschedulable: NoRoom)]), what, NoRoom);
            case "quota_exceeded":
                return (new(Refusing(NoQuota), Claim(), []), what, $"FailedCreate: {NoQuota}");
            case "volume_failed":
                var claim = Claim() with { Status = new("Pending") };
                claim = claim with { Metadata = claim.Metadata with { Uid = "c" } };
                var failed = new SeenEvent("c", "ProvisioningFailed", TimelineStage.Failed, "no disks", Now, Now);
                return (new(Deployment(), claim, []) { Events = [failed] }, what, "no disks");
            default:
                var pod = Pod(ready: "False", waiting: new(what, "in its words"));
                return (new(Deployment(), Claim(), [pod]), "image_pull_failed", $"{what}: in its words");
        }
    }

    private static DeploymentObject Refusing(string message)
    {
        var deployment = Deployment();
        return deployment with
        {
            Status = deployment.Status! with
            {
                Conditions = [new("ReplicaFailure", "True", "FailedCreate", message, Now)],
            },
        };
    }

    private static DeploymentObject Deployment(
        int replicas = 1,
        long observed = 2,
        int ready = 0,
        int updated = 1,
        int counted = 0,
        bool deleting = false
    ) =>
        new(
            new ObjectMeta(
                "ws-w",
                Generation: 2,
                DeletionTimestamp: deleting ? Now : null,
                Annotations: new ObjectAnnotations("3")
            ),
            new DeploymentObject.DeploymentSpec(replicas),
            new DeploymentObject.DeploymentStatus(observed, counted, updated, ready)
        );

    private static ClaimObject Claim(bool deleting = false) =>
        new(new ObjectMeta("ws-w", DeletionTimestamp: deleting ? Now : null, Annotations: new ObjectAnnotations("1")));

    private static PodObject Pod(
        string name = "pod",
        string phase = "Running",
        string ready = "True",
        bool deleting = false,
        PodObject.ContainerWaiting? waiting = null,
        string? unschedulable = null,
        bool timed = true
    )
    {
        DateTimeOffset? since = timed ? Now : null;
        List<ObjectCondition> conditions = [new("Ready", ready, LastTransitionTime: since)];
        if (unschedulable is not null)
            conditions.Add(new("PodScheduled", "False", "Unschedulable", unschedulable, since));
        var container = new PodObject.ContainerStatus("workspace", State: new PodObject.ContainerState(waiting));
        return new PodObject(
            new ObjectMeta(name, CreationTimestamp: Now - Moment, DeletionTimestamp: deleting ? Now : null),
            new PodObject.PodStatus(phase, conditions, [container])
        );
    }
}
