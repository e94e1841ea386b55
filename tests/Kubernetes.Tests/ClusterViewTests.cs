using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.V1;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class ClusterViewTests
{
    private readonly RecordingSink _sink = new();
    private readonly HashSet<string> _removing = [];
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ClusterView _view;

    public ClusterViewTests() =>
        _view = new ClusterView(
            new DriverIdentity("p-1", "d-1"),
            _sink,
            _removing.Contains,
            id => _removing.Remove(id),
            pendingTimeout: TimeSpan.FromMinutes(10),
            _time,
            isId: _ => true
        );

    [Fact]
    public void What_has_waited_for_too_long_is_told_though_nothing_has_changed()
    {
        var since = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromMinutes(4));
        Complete(Current("a"), Current("b"));
        _view.Put(ObjectKind.Pod, Unschedulable("a", since));
        _view.Put(ObjectKind.Pod, Unschedulable("b", since.AddMinutes(1)));

        Assert.Equal(since.AddMinutes(10), _view.PassTime());
        // A list in between counts nothing anew.
        _view.Replace(ObjectKind.Pod, [Unschedulable("a", since), Unschedulable("b", since.AddMinutes(1))]);
        Assert.Equal(since.AddMinutes(10), _view.PassTime());
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(since.AddMinutes(11), _view.PassTime());
        var failed = Assert.IsType<ClusterWorkspace>(_sink.Heard[^1]);
        Assert.Equal(("a", WorkspaceState.Failed, "unschedulable"), (failed.Id, failed.State, failed.Code));
        _view.Delete(ObjectKind.Deployment, Current("b"));
        _view.Delete(ObjectKind.Pod, Unschedulable("b", since));

        Assert.Null(_view.PassTime());
    }

    [Fact]
    public void Nothing_is_told_before_all_kinds_have_been_listed()
    {
        _view.Replace(ObjectKind.Deployment, [Deployment("a")]);
        _view.Replace(ObjectKind.Claim, []);
        _view.Put(ObjectKind.Deployment, Deployment("b"));
        Assert.Empty(_sink.Heard);

        _view.Replace(ObjectKind.Pod, []);

        var listed = Assert.IsType<RecordingSink.ListedCall>(Assert.Single(_sink.Heard));
        Assert.Equal(["a", "b"], listed.Workspaces.Select(w => w.Id).Order());
    }

    [Fact]
    public void What_a_new_list_lacks_is_gone_before_the_list_is_told()
    {
        Complete(Deployment("a"), Deployment("b"));

        _view.Replace(ObjectKind.Deployment, [Deployment("b")]);

        Assert.Equal(new RecordingSink.GoneCall("a"), _sink.Heard[1]);
        Assert.Equal("b", Assert.Single(Assert.IsType<RecordingSink.ListedCall>(_sink.Heard[2]).Workspaces).Id);
    }

    [Fact]
    public void A_list_of_one_kind_leaves_the_others()
    {
        Complete(Deployment("a"));

        _view.Replace(ObjectKind.Pod, []);

        Assert.DoesNotContain(_sink.Heard, e => e is RecordingSink.GoneCall);
    }

    [Fact]
    public void A_change_that_changes_nothing_is_not_told()
    {
        Complete(Deployment("a"));
        var before = _sink.Heard.Count;

        _view.Put(ObjectKind.Deployment, Deployment("a"));
        _view.Put(ObjectKind.Claim, new ClaimObject(Metadata("a", "ws-a")));
        Assert.Equal(before, _sink.Heard.Count);
        _view.Put(ObjectKind.Deployment, Deployment("a", generation: "2"));

        Assert.Equal(2ul, Assert.IsType<ClusterWorkspace>(_sink.Heard[^1]).Generation);
    }

    [Fact]
    public void Gone_is_told_once_and_only_when_the_last_object_has_gone()
    {
        Complete(Deployment("a"));
        _view.Put(ObjectKind.Pod, Pod("a", "a-1"));
        _removing.Add("a");

        _view.Delete(ObjectKind.Deployment, Deployment("a"));
        Assert.DoesNotContain(_sink.Heard, e => e is RecordingSink.GoneCall);
        Assert.Equal(WorkspaceState.Deleting, Assert.IsType<ClusterWorkspace>(_sink.Heard[^1]).State);
        _view.Delete(ObjectKind.Pod, Pod("a", "a-1"));
        _view.Delete(ObjectKind.Pod, Pod("a", "a-1"));

        Assert.Equal(new RecordingSink.GoneCall("a"), Assert.Single(_sink.Heard, e => e is RecordingSink.GoneCall));
        Assert.Empty(_removing);
    }

    [Fact]
    public void An_object_of_another_name_is_not_the_workspaces_whatever_its_labels_say()
    {
        Complete();

        _view.Put(ObjectKind.Deployment, new DeploymentObject(Metadata("a", "something-else")));
        _view.Put(ObjectKind.Claim, new ClaimObject(Metadata(null, "ws-a")));

        Assert.Single(_sink.Heard);
    }

    [Fact]
    public void A_pod_that_mounts_the_claim_is_the_workspaces_before_and_after_it_has_lost_its_labels()
    {
        var pod = Pod("a", "x") with { Spec = new("n", Volumes: [new(new("ws-a"))]) };
        var stripped = pod with { Metadata = pod.Metadata with { Labels = null } };
        _view.Replace(ObjectKind.Pod, [stripped, stripped with { Metadata = new("y"), Spec = new(Volumes: [new()]) }]);
        _view.Replace(ObjectKind.Deployment, [Deployment("a") with { Spec = new(0) }]);
        _view.Replace(ObjectKind.Claim, []);
        Assert.StartsWith("Waits for pod x on node n, which uses its disk", LastMessage(), StringComparison.Ordinal);

        _view.Put(ObjectKind.Pod, pod);
        Assert.Equal("Waits for pod x on node n.", LastMessage());
        _view.Put(ObjectKind.Pod, stripped);
        Assert.StartsWith("Waits for pod x on node n, which uses its disk", LastMessage(), StringComparison.Ordinal);
        _view.Delete(ObjectKind.Pod, stripped);
        Assert.Equal("", LastMessage());
    }

    [Fact]
    public void A_pod_that_is_all_there_is_is_no_workspace()
    {
        Complete();

        _view.Put(ObjectKind.Pod, new PodObject(new("x"), Spec: new("n", Volumes: [new(new("ws-a"))])));
        _view.Delete(ObjectKind.Pod, new PodObject(new("x"), Spec: new("n", Volumes: [new(new("ws-a"))])));

        Assert.Single(_sink.Heard);
    }

    private string LastMessage() =>
        _sink
            .Heard.Reverse()
            .Select(h => h as ClusterWorkspace ?? (h as RecordingSink.ListedCall)?.Workspaces[0])
            .First()!
            .Message;

    [Fact]
    public void An_event_that_is_heard_before_its_pod_is_told_with_it()
    {
        Complete(Deployment("a"));

        _view.Put(ObjectKind.Event, Event("a", "u-1", "Pulling"));
        Assert.Single(_sink.Heard);
        _view.Put(ObjectKind.Pod, Pod("a", "ws-a-1-2", "u-1"));

        Assert.Equal(["u-1/Pulling"], LastTold().Steps.Select(s => s.Id));
    }

    [Fact]
    public void An_event_that_is_heard_before_its_workspace_waits_for_it_and_those_of_strangers_are_bounded()
    {
        Complete();

        _view.Put(ObjectKind.Event, Event("lost", "u-0", "Pulling"));
        for (var i = 0; i < EarlyEvents.Max - 1; i++)
            _view.Put(ObjectKind.Event, Event($"stranger{i}", "u-0", "Pulling"));
        _view.Put(ObjectKind.Event, Event("kept", "u-1", "Pulling"));
        foreach (var (id, uid) in new[] { ("lost", "u-0"), ("kept", "u-1") })
        {
            _view.Put(ObjectKind.Deployment, Deployment(id));
            _view.Put(ObjectKind.Pod, Pod(id, $"ws-{id}-1-2", uid));
            Assert.Equal(id == "kept" ? 1 : 0, LastTold().Steps.Count);
        }
    }

    [Fact]
    public void What_was_told_of_a_generation_stays_told_and_the_next_one_begins_anew()
    {
        Complete(Deployment("a"));
        _view.Put(ObjectKind.Pod, Pod("a", "ws-a-1-2", "u-1"));
        _view.Put(ObjectKind.Event, Event("a", "u-1", "Pulling"));
        _view.Delete(ObjectKind.Pod, Pod("a", "ws-a-1-2", "u-1"));
        _view.Put(ObjectKind.Pod, Pod("a", "ws-a-1-3", "u-2"));
        _view.Put(ObjectKind.Event, Event("a", "u-2", "Pulled"));

        Assert.Equal(["u-1/Pulling", "u-2/Pulled"], LastTold().Steps.Select(s => s.Id));
        _view.Put(ObjectKind.Deployment, Deployment("a", generation: "2"));
        Assert.Equal(["u-2/Pulled"], LastTold().Steps.Select(s => s.Id));
    }

    [Fact]
    public void An_event_told_again_is_no_change()
    {
        Complete(Deployment("a"));
        _view.Put(ObjectKind.Pod, Pod("a", "ws-a-1-2", "u-1"));
        _view.Put(ObjectKind.Event, Event("a", "u-1", "FailedMount", second: 1));
        var before = _sink.Heard.Count;

        _view.Put(ObjectKind.Event, Event("a", "u-1", "FailedMount", second: 2));
        _view.Replace(ObjectKind.Event, [Event("a", "u-1", "FailedMount", second: 2)]);

        Assert.Equal(before, _sink.Heard.Count);
    }

    private Timeline LastTold() => Assert.IsType<ClusterWorkspace>(_sink.Heard[^1]).Timeline;

    private static EventObject Event(string id, string uid, string reason, int second = 0) =>
        new(
            new ObjectMeta("e"),
            new("Pod", $"ws-{id}-1-2", uid),
            Reason: reason,
            FirstTimestamp: DateTimeOffset.UnixEpoch,
            LastTimestamp: DateTimeOffset.UnixEpoch.AddSeconds(second)
        );

    private void Complete(params DeploymentObject[] deployments)
    {
        _view.Replace(ObjectKind.Deployment, deployments);
        _view.Replace(ObjectKind.Claim, []);
        _view.Replace(ObjectKind.Pod, []);
    }

    private static DeploymentObject Deployment(string id, string generation = "1") =>
        new(
            Metadata(id, $"ws-{id}") with
            {
                Annotations = new ObjectAnnotations(generation),
            },
            new(1),
            new(UpdatedReplicas: 1)
        );

    private static PodObject Pod(string id, string name, string? uid = null) =>
        new(Metadata(id, name) with { Uid = uid });

    private static ObjectMeta Metadata(string? id, string name) =>
        new(name, Labels: new ObjectLabels("coder-mesh", "true", id, "p-1", "d-1"));

    private static DeploymentObject Current(string id) =>
        Deployment(id) with
        {
            Spec = new(Replicas: 1),
            Status = new(UpdatedReplicas: 1),
        };

    private static PodObject Unschedulable(string id, DateTimeOffset since) =>
        new(
            Metadata(id, $"ws-{id}-1-1"),
            new PodObject.PodStatus(
                "Pending",
                [new ObjectCondition("PodScheduled", "False", "Unschedulable", "no room", since)]
            )
        );
}
