using System.Text.Json;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.V1;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What of the objects of a workspace somebody else has changed, as the API server keeps it.</summary>
public sealed class ObjectDriftTests
{
    private const string Own =
        """{"manager":"coder-mesh/p","operation":"Apply","fieldsV1":{"f:spec":{"f:replicas":{}}}}""";

    private static readonly DriverIdentity Identity = new("p", "d");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly RecordingSink _sink = new();
    private readonly ClusterView _view;

    public ObjectDriftTests() =>
        _view = new ClusterView(
            Identity,
            _sink,
            _ => false,
            _ => { },
            TimeSpan.FromMinutes(10),
            _time,
            id => id == "a"
        );

    [Theory]
    // What a controller says of the state, and what it notes in metadata.
    [InlineData(
        """{"manager":"kube-controller-manager","operation":"Update","fieldsV1":{"f:metadata":{"f:annotations":{}},"f:status":{}}}""",
        ""
    )]
    [InlineData("""{"manager":"k","operation":"Update","subresource":"status","fieldsV1":{"f:spec":{}}}""", "")]
    [InlineData(
        """{"manager":"kubectl","operation":"Update","subresource":"scale","fieldsV1":{"f:spec":{"f:replicas":{}}}}""",
        "kubectl"
    )]
    [InlineData(
        """{"manager":"kubectl-patch","operation":"Update","fieldsV1":{"f:automountServiceAccountToken":{}}}""",
        "kubectl-patch"
    )]
    // The cluster's own, before 1.24, which gives each account a Secret.
    [InlineData("""{"manager":"kube-controller-manager","operation":"Update","fieldsV1":{"f:secrets":{}}}""", "")]
    // What was there when the field managers had been removed.
    [InlineData(
        """{"manager":"before-first-apply","operation":"Update","fieldsV1":{"f:spec":{"f:replicas":{}}}}""",
        ""
    )]
    // Stops a workspace whose Deployment is refused.
    [InlineData("""{"manager":"coder-mesh/p/stop","operation":"Apply","fieldsV1":{"f:spec":{"f:replicas":{}}}}""", "")]
    public void Who_else_has_set_fields_of_what_an_object_should_be_is_read(string entry, string others)
    {
        var owners = Owners(Own, entry);

        Assert.Equal(others, owners.Others);
        Assert.Equal(others.Length == 0, owners.OthersHash.Length == 0);
        Assert.Equal(Owners(Own).HashOf("coder-mesh/p"), owners.HashOf("coder-mesh/p"));
        Assert.Null(owners.HashOf("coder-mesh/other"));
    }

    [Fact]
    public void What_is_as_it_was_applied_is_no_difference_and_what_was_deleted_is_one_at_once()
    {
        Complete();
        _time.Advance(ObjectDrift.Grace);
        _view.PassTime();
        Assert.Equal("", Last().Drift);

        _view.Delete(ObjectKind.NetworkPolicy, Plain());

        Assert.Equal("deleted/uid", Last().Drift);
        var told = Assert.Single(Last().Timeline.Steps, s => s.Stage == TimelineStage.Notice);
        Assert.Equal("The NetworkPolicy was deleted.", told.Message);
        _view.Put(ObjectKind.NetworkPolicy, Plain());
        Assert.Equal("", Last().Drift);
        Assert.Equal(
            "The NetworkPolicy is as desired again.",
            Last().Timeline.Steps.Last(s => s.Stage == TimelineStage.Notice).Message
        );
    }

    [Fact]
    public void What_was_never_seen_may_be_on_its_way_for_some_seconds()
    {
        Complete(policy: false);
        Assert.Equal("", Last().Drift);

        _time.Advance(ObjectDrift.Grace);
        _view.PassTime();

        Assert.Equal("missing/NetworkPolicy", Last().Drift);
    }

    [Fact]
    public void What_an_object_loses_is_a_difference_until_it_has_it_again_and_another_generation_begins_anew()
    {
        Complete();

        _view.Put(ObjectKind.Deployment, Deployment(fields: "f:paused"));
        var lost = Last().Drift;
        _view.Put(ObjectKind.Deployment, Deployment());
        var back = Last().Drift;
        _view.Put(ObjectKind.Deployment, Deployment(fields: "f:paused") with { Metadata = Metadata("2", "f:paused") });

        Assert.StartsWith("fields/uid/", lost, StringComparison.Ordinal);
        Assert.Equal(("", ""), (back, Last().Drift));
    }

    [Fact]
    public void What_the_agent_has_applied_itself_is_no_difference_though_it_sets_other_fields()
    {
        Complete();

        _view.Put(ObjectKind.Deployment, new DeploymentObject(Metadata("1", "f:paused", at: 1)));
        Assert.Equal("", Last().Drift);
        _view.Put(ObjectKind.Deployment, new DeploymentObject(Metadata("1", "f:replicas", at: 1)));

        Assert.StartsWith("fields/uid/", Last().Drift, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, false, "default-scheduler", "values/uid/spec.replicas=3")]
    [InlineData(1, true, "other", "values/uid/spec.paused=true,_spec.template.spec.schedulerName=other")]
    [InlineData(1, false, null, "")]
    public void Values_that_no_workspace_has_are_a_difference_though_nobody_is_said_to_have_set_them(
        int replicas,
        bool paused,
        string? scheduler,
        string drift
    )
    {
        Complete();

        _view.Put(
            ObjectKind.Deployment,
            Deployment() with
            {
                Spec = new(replicas, new(new(SchedulerName: scheduler)), paused),
            }
        );

        Assert.Equal(drift, Last().Drift);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_object_without_field_managers_is_a_difference(bool empty)
    {
        Complete();

        _view.Put(
            ObjectKind.Claim,
            new ClaimObject(Metadata("1") with { ManagedFields = empty ? Owners("{}") : null })
        );

        Assert.Equal("fields/uid/", Last().Drift);
        Assert.Equal(
            "The list of field managers (managedFields) of the PersistentVolumeClaim was removed.",
            Last().Timeline.Steps[^1].Message
        );
    }

    [Fact]
    public void A_difference_that_remains_is_not_said_to_be_as_desired_again()
    {
        Complete();
        var changed = Metadata("1") with
        {
            ManagedFields = Owners(Own, """{"manager":"x","operation":"Update","fieldsV1":{"f:spec":{"f:a":{}}}}"""),
        };

        _view.Put(ObjectKind.Deployment, new DeploymentObject(changed));
        _view.Put(ObjectKind.Deployment, new DeploymentObject(changed, Status: new(Replicas: 1)));
        _view.Put(ObjectKind.Deployment, new DeploymentObject(changed with { Labels = null }));
        _view.Put(ObjectKind.Deployment, new DeploymentObject(changed));

        Assert.Equal(
            ["The Deployment was changed by x.", "Labels of the Deployment were changed."],
            Last().Timeline.Steps.Select(s => s.Message).Where(m => m.Contains("Deployment", StringComparison.Ordinal))
        );
    }

    [Fact]
    public void An_object_that_has_lost_labels_and_generation_is_still_the_workspaces()
    {
        Complete();

        _view.Put(
            ObjectKind.Deployment,
            new DeploymentObject(Metadata("1") with { Labels = null, Annotations = null })
        );

        Assert.Equal("generation/uid labels/uid", Last().Drift);
        Assert.Equal((0ul, 1ul), (Last().Generation, Last().TimelineGeneration));
    }

    [Fact]
    public void A_generation_that_goes_down_is_a_difference_told_in_the_one_that_was_known()
    {
        Complete();
        _view.Put(ObjectKind.Deployment, Deployment() with { Metadata = Metadata("3") });

        _view.Put(ObjectKind.Deployment, Deployment() with { Metadata = Metadata("2", "f:paused") });

        Assert.StartsWith("fields/uid/", Last().Drift, StringComparison.Ordinal);
        Assert.Equal((2ul, 3ul), (Last().Generation, Last().TimelineGeneration));
        Assert.Single(Last().Timeline.Steps, s => s.Stage == TimelineStage.Notice);
    }

    [Fact]
    public void An_object_that_a_foreign_restore_has_made_is_a_difference()
    {
        Complete();

        var foreign = Metadata("1") with
        {
            ManagedFields = Owners("""{"manager":"velero","operation":"Update","fieldsV1":{"f:spec":{}}}"""),
        };
        _view.Put(ObjectKind.Service, new PlainObject(foreign));

        Assert.StartsWith("fields/uid/", Last().Drift, StringComparison.Ordinal);
        Assert.Contains(Last().Timeline.Steps, s => s.Message.Contains("by velero", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("b", "b")]
    [InlineData("b", null)]
    [InlineData("9223372036854775807", "a")]
    public void What_is_labelled_or_named_by_somebody_else_is_no_workspace(string name, string? label)
    {
        Complete();
        var before = _sink.Heard.Count;
        var metadata = new ObjectMeta($"ws-{name}", "u", Labels: new("coder-mesh", "true", label, "p", "d"));

        _view.Put(ObjectKind.Pod, new PodObject(metadata));
        _view.Put(ObjectKind.Deployment, new DeploymentObject(metadata));

        Assert.DoesNotContain(_sink.Heard.Skip(before), h => h is ClusterWorkspace { Id: not "a" });
    }

    private ClusterWorkspace Last() =>
        _sink
            .Heard.Reverse()
            .Select(h => h as ClusterWorkspace ?? (h as RecordingSink.ListedCall)?.Workspaces[0])
            .First()!;

    private void Complete(bool policy = true)
    {
        _view.Replace(ObjectKind.ServiceAccount, [Plain()]);
        _view.Replace(ObjectKind.NetworkPolicy, policy ? [Plain()] : []);
        _view.Replace(ObjectKind.Service, [Plain()]);
        _view.Replace(ObjectKind.Claim, [new ClaimObject(Metadata("1"))]);
        _view.Replace(ObjectKind.Deployment, [Deployment()]);
        _view.Replace(ObjectKind.Pod, []);
    }

    private static PlainObject Plain() => new(Metadata(null));

    private static DeploymentObject Deployment(string fields = "f:replicas") => new(Metadata("1", fields));

    private static ObjectMeta Metadata(string? generation, string fields = "f:replicas", int at = 0) =>
        new(
            "ws-a",
            "uid",
            Labels: new ObjectLabels("coder-mesh", "true", "a", "p", "d"),
            Annotations: new ObjectAnnotations(generation),
            ManagedFields: Owners(
                Own.Replace("f:replicas", fields, StringComparison.Ordinal)
                    .Replace("\"Apply\"", $"\"Apply\",\"time\":\"2026-01-01T00:00:0{at}Z\"", StringComparison.Ordinal)
            )
        );

    private static FieldOwners Owners(params string[] entries) =>
        JsonSerializer
            .Deserialize(
                $$"""{"name":"x","managedFields":[{{string.Join(',', entries)}}]}""",
                KubernetesJsonContext.Default.ObjectMeta
            )!
            .ManagedFields!;
}
