using System.Globalization;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class BuildTimelineTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 1, 0, TimeSpan.Zero);
    private static readonly TimeSpan Fraction = TimeSpan.FromMilliseconds(700);

    [Fact]
    public void A_start_that_works_is_told_step_by_step() =>
        AssertStory(
            """
            00:10 VolumeBound pv-1, 10Gi [cccccccc/volume_bound]
            00:10 Scheduled on node node-1 [aaaaaaaa/scheduled]
            00:11 ImagePulling Pulling image "dev:1" [aaaaaaaa/Pulling]
            00:15 ImagePulled Successfully pulled image "dev:1" in 4s [aaaaaaaa/Pulled]
            00:16 Started [aaaaaaaa/started/1767225616]
            00:17 Ready [aaaaaaaa/ready/1767225617]
            """,
            new(Deployment(ready: 1), Claim(), [Ready()])
            {
                Events =
                [
                    Event(Pod, "Pulled", 15, "Successfully pulled image \"dev:1\" in 4s"),
                    Event(Pod, "Pulling", 11, "Pulling image \"dev:1\""),
                    Event("of-another-pod", "Pulling", 1, "Pulling image \"dev:0\""),
                ],
            }
        );

    [Fact]
    public void Without_any_events_the_objects_tell_what_they_know() =>
        AssertStory(
            """
            00:10 VolumeBound pv-1, 10Gi [cccccccc/volume_bound]
            00:10 Scheduled on node node-1 [aaaaaaaa/scheduled]
            00:16 Started [aaaaaaaa/started/1767225616]
            00:17 Ready [aaaaaaaa/ready/1767225617]
            """,
            new(Deployment(ready: 1), Claim(), [Ready()])
        );

    [Fact]
    public void What_the_cluster_keeps_no_time_of_is_told_in_whole_seconds_as_the_rest_is()
    {
        // Seen bound in the second in which the pod was scheduled, before that was seen.
        var bound = BuildTimeline.Of(new(Deployment(), Claim(), []), generation: 3, Later(At(10) + Fraction));
        var scheduled = BuildTimeline.Of(new(Deployment(ready: 1), Claim(), [Ready()]), generation: 3, Later(At(17)));

        var steps = Timeline.Empty.With(bound).With(scheduled).Steps;

        Assert.Equal([TimelineStage.VolumeBound, TimelineStage.Scheduled], steps.Take(2).Select(s => s.Stage));
    }

    [Fact]
    public void A_volume_that_waits_says_what_for() =>
        AssertStory(
            """
            00:05 Waiting waiting for first consumer [cccccccc/WaitForFirstConsumer]
            00:06 Waiting waiting for a volume to be created [cccccccc/ExternalProvisioning]
            """,
            new(Deployment(), Claim("Pending"), [])
            {
                Events =
                [
                    Event(Volume, "WaitForFirstConsumer", 5, "waiting for first consumer"),
                    Event(Volume, "ExternalProvisioning", 6, "waiting for a volume to be created"),
                ],
            }
        );

    [Theory]
    [InlineData("storageclass.storage.k8s.io \"fast\" not found", "storage_class_missing", "Failed")]
    [InlineData("rpc error: code = ResourceExhausted desc = quota of disks", "volume_failed", "Waiting")]
    public void A_volume_that_can_not_be_made_tells_so_in_its_provisioners_words(
        string words,
        string code,
        string stage
    )
    {
        var objects = new WorkspaceObjects(
            Deployment(),
            Claim("Pending"),
            [Unscheduled("unbound immediate PersistentVolumeClaims")]
        )
        {
            Events =
            [
                Event(Volume, "WaitForFirstConsumer", 3, "waiting for first consumer"),
                Event(Volume, "Provisioning", 4, "External provisioner is provisioning volume"),
                Event(Volume, "ProvisioningFailed", 5, words),
            ],
        };

        var assessed = ObservedStates.Evaluate(objects, Later(Now));

        var (state, id) =
            stage == "Failed" ? (WorkspaceState.Failed, code) : (WorkspaceState.Starting, $"{code}/waiting");
        Assert.Equal((state, code, words), (assessed.State, assessed.Code, assessed.Message));
        Assert.Equal($"00:05 {stage} {code} {words} [cccccccc/{id}]", Lines(objects)[^1]);
    }

    [Fact]
    public void A_volume_that_failed_is_so_no_longer_once_it_waits_anew_or_is_bound()
    {
        var failure = Event(Volume, "ProvisioningFailed", 5, "storageclass.storage.k8s.io \"fast\" not found");
        var wait = Event(Volume, "WaitForFirstConsumer", 9, "waiting for first consumer");

        var waiting = new WorkspaceObjects(Deployment(), Claim("Pending"), []) { Events = [failure, wait] };
        var bound = new WorkspaceObjects(Deployment(), Claim(), []) { Events = [failure] };

        Assert.Equal((WorkspaceState.Starting, wait.Message), Evaluate(waiting));
        Assert.Equal((WorkspaceState.Starting, ""), Evaluate(bound));

        static (WorkspaceState, string) Evaluate(WorkspaceObjects objects) =>
            (ObservedStates.Evaluate(objects, Later(Now)).State, ObservedStates.Evaluate(objects, Later(Now)).Message);
    }

    [Fact]
    public void No_room_on_any_node_waits_in_the_schedulers_words_and_is_failed_at_its_time()
    {
        var objects = new WorkspaceObjects(
            Deployment(),
            Claim(),
            [Unscheduled("0/3 nodes are available: 3 Insufficient cpu.")]
        );
        AssertStory(
            """
            00:10 Waiting unschedulable 0/3 nodes are available: 3 Insufficient cpu. [aaaaaaaa/unschedulable/waiting]
            01:00 VolumeBound pv-1, 10Gi [cccccccc/volume_bound]
            """,
            objects
        );

        // However late it is seen.
        var late = BuildTimeline.Of(objects, generation: 3, Later(Now.AddHours(5))).Select(Line);

        Assert.Contains(
            "10:10 Failed unschedulable 0/3 nodes are available: 3 Insufficient cpu. (for longer than 10m) [aaaaaaaa/unschedulable]",
            late
        );
    }

    [Fact]
    public void A_pod_that_the_scheduler_keeps_for_its_volume_waits() =>
        AssertStory(
            """
            00:10 Waiting pod has unbound immediate PersistentVolumeClaims [aaaaaaaa/volume]
            """,
            new(Deployment(), Claim("Pending"), [Unscheduled("pod has unbound immediate PersistentVolumeClaims")])
        );

    [Theory]
    [InlineData("ImagePullBackOff", "image_pull_failed", "00:08 Waiting", "/waiting")]
    [InlineData("CreateContainerConfigError", "container_failed", "01:00 Failed", "")]
    public void What_a_container_waits_for_is_told_in_the_kubelets_words(
        string reason,
        string code,
        string stage,
        string end
    )
    {
        var pod = MakePod(new PodObject.ContainerState(new(reason, "its words")));

        Assert.Contains(
            $"{stage} {code} {reason}: its words [aaaaaaaa/{code}{end}]",
            Lines(new(Deployment(), Claim(), [pod]))
        );
    }

    [Theory]
    [InlineData("OOMKilled", 137, "oom_killed")]
    [InlineData("Error", 3, "crash_loop")]
    public void A_container_that_ends_again_and_again_tells_its_last_end_and_the_failure(
        string reason,
        int exit,
        string code
    )
    {
        var pod = MakePod(
            new PodObject.ContainerState(new("CrashLoopBackOff", "back-off 10s")),
            new PodObject.ContainerState(Terminated: new(reason, exit, FinishedAt: At(20)))
        );
        var end = code == "oom_killed" ? " oom_killed" : "";

        Assert.Equal(
            [
                $"00:20 Ended{end} the container ended with exit code {exit} ({reason}) [aaaaaaaa/ended/1767225620]",
                $"01:00 Failed {code} the container ended with exit code {exit} ({reason}): back-off 10s [aaaaaaaa/{code}]",
            ],
            Lines(new(Deployment(), Claim("Lost"), [pod]))
        );
    }

    [Fact]
    public void The_same_end_is_the_same_happening_before_and_after_the_container_runs_again()
    {
        var end = new PodObject.ContainerState(Terminated: new("Error", 3, FinishedAt: At(20)));

        var ended = Lines(new(Deployment(), Claim(), [MakePod(end)]));
        var again = Lines(new(Deployment(), Claim(), [Ready(end)]));

        Assert.Contains("00:20 Ended the container ended with exit code 3 (Error) [aaaaaaaa/ended/1767225620]", ended);
        Assert.Contains(ended.Single(l => l.Contains("Ended", StringComparison.Ordinal)), again);
    }

    [Theory]
    [InlineData("pods \"x\" is forbidden: exceeded quota: none", "Waiting quota_exceeded", "quota_exceeded/waiting")]
    [InlineData("violates PodSecurity \"restricted:latest\"", "Failed pod_refused", "pod_refused")]
    public void A_refused_pod_is_told_in_the_api_servers_words(string words, string told, string id)
    {
        var deployment = Deployment(updated: 0);
        deployment = deployment with
        {
            Status = deployment.Status! with
            {
                Conditions = [new("ReplicaFailure", "True", "FailedCreate", words, At(12))],
            },
        };

        Assert.Equal($"00:12 {told} FailedCreate: {words} [3/{id}]", Lines(new(deployment, Claim(), []))[0]);
    }

    [Fact]
    public void An_evicted_pod_is_told_beside_its_successor()
    {
        var evicted = MakePod(uid: "bbbbbbbb-1");
        evicted = evicted with
        {
            Status = evicted.Status! with
            {
                Phase = "Failed",
                Reason = "Evicted",
                Message = "The node was low on resource: memory.",
                Conditions = [new("Ready", "False", LastTransitionTime: At(30))],
            },
        };

        Assert.Contains(
            "00:30 Ended evicted Evicted: The node was low on resource: memory. [bbbbbbbb/pod_ended]",
            Lines(new(Deployment(), Claim(), [evicted, MakePod()]))
        );
    }

    [Fact]
    public void What_else_goes_wrong_is_told_in_the_clusters_words_and_what_a_status_tells_is_not_told_twice() =>
        AssertStory(
            """
            00:20 Waiting Unable to attach or mount volumes [aaaaaaaa/FailedMount]
            00:21 Notice NodeNotReady: Node is not ready [aaaaaaaa/NodeNotReady]
            00:22 Notice FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (regcred) [aaaaaaaa/FailedToRetrieveImagePullSecret]
            01:00 VolumeBound pv-1, 10Gi [cccccccc/volume_bound]
            """,
            new(Deployment(), Claim(), [MakePod()])
            {
                Events =
                [
                    Event(Pod, "FailedMount", 20, "Unable to attach or mount volumes"),
                    Event(
                        Pod,
                        "FailedToRetrieveImagePullSecret",
                        22,
                        "Unable to retrieve some image pull secrets (regcred)"
                    ),
                    Event(Pod, "NodeNotReady", 21, "Node is not ready"),
                ],
            }
        );

    [Fact]
    public void Whatever_word_an_event_has_an_id_is_short_and_plain()
    {
        var objects = new WorkspaceObjects(Deployment(), Claim("Lost"), [MakePod()])
        {
            Events = [Event(Pod, $"Odd\u001b {new string('x', 100)}", 20, "words")],
        };

        Assert.EndsWith(
            $"[aaaaaaaa/Odd{new string('x', 37)}]",
            Assert.Single(Lines(objects)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_pod_from_before_the_wish_does_not_speak_for_it()
    {
        var old = Ready();
        var deployment = Deployment(ready: 1);

        Assert.DoesNotContain(
            Lines(new(deployment with { Metadata = deployment.Metadata with { Generation = 3 } }, Claim(), [old])),
            l => l.Contains("aaaaaaaa", StringComparison.Ordinal)
        );
        Assert.Single(Lines(new(Deployment(updated: 0), Claim(), [old])));
        Assert.Single(
            Lines(new(Deployment(), Claim(), [old with { Metadata = old.Metadata with { DeletionTimestamp = Now } }]))
        );
    }

    [Fact]
    public void A_stop_is_told_once_the_pod_is_gone_and_a_volume_alone_tells_nothing()
    {
        Assert.Empty(Lines(new(Deployment(replicas: 0), Claim(), [Ready()])));
        Assert.Equal(["01:00 Stopped [3/stopped]"], Lines(new(Deployment(replicas: 0), Claim(), [])));
        Assert.Empty(BuildTimeline.Of(new(null, Claim(), []), generation: 0, Later(Now)));
    }

    private const string Pod = "aaaaaaaa-0000";
    private const string Volume = "cccccccc-0000";

    private static void AssertStory(string expected, WorkspaceObjects objects) =>
        Assert.Equal(expected, string.Join("\n", Lines(objects)));

    /// <summary>As the timeline has them: in order of time.</summary>
    private static string[] Lines(WorkspaceObjects objects) =>
        [.. Timeline.Empty.With(BuildTimeline.Of(objects, generation: 3, Later(Now))).Steps.Select(Line)];

    private static string Line(TimelineStep step) =>
        string.Join(
            ' ',
            new[]
            {
                step.At.ToString("mm:ss", CultureInfo.InvariantCulture),
                step.Stage.ToString(),
                step.Code,
                step.Message,
                $"[{step.Id}]",
            }.Where(w => w.Length > 0)
        );

    private static EvaluationContext Later(DateTimeOffset now) => new(now, TimeSpan.FromMinutes(10));

    private static DateTimeOffset At(int second) => Now.AddMinutes(-1).AddSeconds(second);

    private static SeenEvent Event(string uid, string reason, int second, string message) =>
        SeenEvent.Of(
            new EventObject(
                new ObjectMeta("e"),
                new(uid == Volume ? "PersistentVolumeClaim" : "Pod", "ws-w-1-2", uid),
                "Warning",
                reason,
                message,
                FirstTimestamp: At(second),
                LastTimestamp: At(second)
            )
        );

    private static DeploymentObject Deployment(int replicas = 1, int ready = 0, int updated = 1) =>
        new(
            new ObjectMeta("ws-w", Generation: 2, Annotations: new ObjectAnnotations("3")),
            new DeploymentObject.DeploymentSpec(replicas),
            new DeploymentObject.DeploymentStatus(2, 0, updated, ready)
        );

    private static ClaimObject Claim(string phase = "Bound") =>
        new(new ObjectMeta("ws-w", Volume), new(null, new(new("10Gi")), "pv-1"), new(phase));

    private static PodObject Unscheduled(string words)
    {
        var pod = MakePod();
        return pod with
        {
            Status = pod.Status! with { Conditions = [new("PodScheduled", "False", "Unschedulable", words, At(10))] },
        };
    }

    private static PodObject Ready(PodObject.ContainerState? before = null)
    {
        var pod = MakePod(new PodObject.ContainerState(Running: new(At(16))), before);
        return pod with
        {
            Spec = new("node-1"),
            Status = pod.Status! with
            {
                Conditions =
                [
                    new("PodScheduled", "True", LastTransitionTime: At(10)),
                    new("Ready", "True", LastTransitionTime: At(17)),
                ],
            },
        };
    }

    private static PodObject MakePod(
        PodObject.ContainerState? state = null,
        PodObject.ContainerState? before = null,
        string uid = Pod
    ) =>
        new(
            new ObjectMeta($"ws-w-{uid}", uid, CreationTimestamp: At(8)),
            new PodObject.PodStatus(
                "Pending",
                [],
                [new PodObject.ContainerStatus("workspace", State: state, LastState: before)]
            )
        );
}
