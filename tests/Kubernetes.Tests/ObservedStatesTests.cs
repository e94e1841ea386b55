using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class ObservedStatesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_left_is_no_workspace() => Assert.Null(ObservedStates.Of("w", new(null, null, []), true, 4));

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

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void No_replicas_and_no_pod_that_lives_is_stopped(string phase)
    {
        AssertState(WorkspaceState.Stopped, Deployment(replicas: 0));
        AssertState(WorkspaceState.Stopped, Deployment(replicas: 0), Pod(phase: phase));
    }

    [Fact]
    public void A_deployment_or_volume_that_is_going_is_deleting()
    {
        AssertState(WorkspaceState.Deleting, Deployment(ready: 1, deleting: true), Pod());
        AssertState(WorkspaceState.Deleting, Deployment(ready: 1), Claim(deleting: true), Pod());
    }

    [Fact]
    public void Pods_alone_are_deleting()
    {
        var seen = ObservedStates.Of("w", new(null, null, [Pod()]), removing: false, known: 4);

        Assert.Equal(new("w", 4, WorkspaceState.Deleting), seen! with { Held = null });
    }

    [Fact]
    public void Once_its_removal_was_asked_for_whatever_is_left_is_deleting()
    {
        var seen = ObservedStates.Of("w", new(Deployment(replicas: 0), null, []), removing: true, known: 0);

        Assert.Equal(WorkspaceState.Deleting, seen!.State);
    }

    [Fact]
    public void The_generation_is_the_deployments_and_while_deleting_the_last_known()
    {
        Assert.Equal(3ul, ObservedStates.Of("w", new(Deployment(), Claim(), []), false, known: 0)!.Generation);
        Assert.Equal(8ul, ObservedStates.Of("w", new(null, Claim(), []), removing: true, known: 8)!.Generation);
        Assert.Equal(1ul, ObservedStates.Of("w", new(null, Claim(), []), removing: true, known: 0)!.Generation);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    public void A_volume_alone_is_no_generation_applied(ulong known)
    {
        var seen = ObservedStates.Of("w", new(null, Claim(), []), removing: false, known);

        Assert.Equal(new("w", 0, WorkspaceState.Starting), seen! with { Held = null });
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
    [InlineData("ImagePullBackOff", "image_pull_failed")]
    [InlineData("ErrImagePull", "image_pull_failed")]
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

    [Fact]
    public void No_room_on_any_node_is_failed()
    {
        var seen = Observe(Deployment(), Claim(), Pod(ready: "False", unschedulable: "0/3 nodes: insufficient cpu"))!;

        Assert.Equal(("unschedulable", "0/3 nodes: insufficient cpu"), (seen.Code, seen.Message));
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
    public void A_refused_pod_is_failed_and_over_the_quota_under_its_own_code()
    {
        var quota = Observe(Refusing("pods \"x\" is forbidden: exceeded quota: none"), Claim())!;
        var policy = Observe(Refusing("violates PodSecurity \"restricted:latest\""), Claim())!;

        Assert.Equal((WorkspaceState.Failed, "quota_exceeded"), (quota.State, quota.Code));
        Assert.Equal((WorkspaceState.Failed, "pod_refused"), (policy.State, policy.Code));
        Assert.Equal("FailedCreate: violates PodSecurity \"restricted:latest\"", policy.Message);

        static DeploymentObject Refusing(string message)
        {
            var deployment = Deployment();
            return deployment with
            {
                Status = deployment.Status! with
                {
                    Conditions = [new("ReplicaFailure", "True", "FailedCreate", message)],
                },
            };
        }
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

    private static Agent.Reconcile.ClusterWorkspace? Observe(
        DeploymentObject? deployment,
        ClaimObject? claim,
        params PodObject[] pods
    ) => ObservedStates.Of("w", new(deployment, claim, pods), removing: false, known: 0);

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
        string? unschedulable = null
    )
    {
        List<ObjectCondition> conditions = [new("Ready", ready)];
        if (unschedulable is not null)
            conditions.Add(new("PodScheduled", "False", "Unschedulable", unschedulable));
        var container = new PodObject.ContainerStatus("workspace", State: new PodObject.ContainerState(waiting));
        return new PodObject(
            new ObjectMeta(name, CreationTimestamp: Now, DeletionTimestamp: deleting ? Now : null),
            new PodObject.PodStatus(phase, conditions, [container])
        );
    }
}
