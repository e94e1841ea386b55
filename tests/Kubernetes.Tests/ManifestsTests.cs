using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What is desired, as objects. Compared as JSON: that is what the API server gets.</summary>
public sealed class ManifestsTests
{
    private static readonly DriverIdentity Identity = new("p-1", "d-1");

    [Theory]
    [InlineData("plain")]
    [InlineData("full")]
    [InlineData("stopped")]
    [InlineData("details")]
    public void The_objects_of_a_workspace_are_exactly_these(string name)
    {
        var desired = Desired();
        if (name == "full")
        {
            desired.RestartGeneration = 2;
            desired.Spec.Command.AddRange(["/bin/dev", "--fast"]);
            desired.Spec.Env.Add(new Dictionary<string, string> { ["EDITOR"] = "vim", ["ANSWER"] = "42" });
            desired.Spec.EnvFrom.Add("tokens");
            desired.StorageClass = "fast";
        }

        if (name == "details")
            desired.Details = Details();
        if (name == "stopped")
            desired.Power = WorkspacePower.Stopped;

        KeptYaml.Match(
            $"workspace-{name}",
            [
                Json(VolumePlan.For(Identity, desired, there: null).Manifest!),
                Json(Manifests.ServiceAccount(Identity, desired)),
                Json(Manifests.NetworkPolicy(Identity, desired)),
                Json(Manifests.Service(Identity, desired)),
                Json(Deployment(desired)),
            ]
        );
    }

    [Fact]
    public void What_a_start_or_stop_changes_is_not_in_the_hash_of_the_other_objects()
    {
        var started = AuxiliaryObjects.Of(Identity, Desired());
        var stopped = AuxiliaryObjects.Of(
            Identity,
            Desired(d => (d.Power, d.Generation) = (WorkspacePower.Stopped, d.Generation + 1))
        );

        Assert.Equal(started.Hash, stopped.Hash);
        Assert.NotEqual(started.Hash, AuxiliaryObjects.Of(Identity, Desired(d => d.Name = "other")).Hash);
    }

    [Fact]
    public void Variables_are_in_one_order_mean_what_they_say_and_leave_the_name_alone()
    {
        var desired = Desired();
        desired.Spec.Env.Add(
            new Dictionary<string, string>
            {
                ["B"] = "$(A) $$ 5$",
                ["A"] = "1",
                ["CODER_WP_NAME"] = "another",
            }
        );
        desired.Spec.EnvFrom.AddRange(["tokens", "more"]);

        var container = Json(Deployment(desired))["spec"]!["template"]!["spec"]!["containers"]![0]!;

        AssertSame(
            """
            [
              { "name": "A", "value": "1" },
              { "name": "B", "value": "$$(A) $$$$ 5$$" },
              { "name": "HOME", "value": "/home/coder" },
              { "name": "CODER_WP_NAME", "value": "dev" }
            ]
            """,
            container["env"]!
        );
        AssertSame(
            """[{ "secretRef": { "name": "tokens" } }, { "secretRef": { "name": "more" } }]""",
            container["envFrom"]!
        );
    }

    [Fact]
    public void Home_is_where_the_volume_is_unless_the_user_sets_it()
    {
        var own = Desired(d => d.Spec.Env["HOME"] = "/srv/$USER");

        AssertSame(
            """
            [{ "name": "HOME", "value": "/srv/$$USER" }, { "name": "CODER_WP_NAME", "value": "dev" }]
            """,
            Container(own)["env"]!
        );
        foreach (var container in new[] { Container(own), Container(Desired()) })
            Assert.Equal(
                container["volumeMounts"]![0]!["mountPath"]!.GetValue<string>(),
                container["workingDir"]!.GetValue<string>()
            );

        static JsonNode Container(WorkspaceDesired desired) =>
            Json(Deployment(desired))["spec"]!["template"]!["spec"]!["containers"]![0]!;
    }

    [Fact]
    public void A_restart_shows_in_the_template_and_none_in_none()
    {
        var desired = Desired();
        var never = Json(Deployment(desired))["spec"]!["template"]!["metadata"]!;
        desired.RestartGeneration = 7;
        var once = Json(Deployment(desired))["spec"]!["template"]!["metadata"]!;

        Assert.Null(never["annotations"]);
        Assert.Equal("7", once["annotations"]!["mesh.coder.com/restart-generation"]!.GetValue<string>());
    }

    [Fact]
    public void Without_a_storage_class_the_choice_is_the_clusters()
    {
        var plan = VolumePlan.For(Identity, Desired(), there: null).Manifest;

        Assert.Null(plan!.Spec.StorageClassName);
        Assert.Equal(
            "slow",
            VolumePlan.For(Identity, Desired(d => d.StorageClass = "slow"), null).Manifest!.Spec.StorageClassName
        );
    }

    [Theory]
    [InlineData("10Gi")]
    [InlineData("10240Mi")]
    [InlineData("10737418240")]
    public void A_claim_that_is_as_it_should_be_is_not_applied_again(string size) =>
        Assert.Null(VolumePlan.For(Identity, Desired(d => d.StorageClass = "other"), There(size, "fast")).Manifest);

    [Theory]
    [InlineData(null, "dev")]
    [InlineData("9223372036854775807", "dev")]
    [InlineData("2", null)]
    [InlineData("2", "other")]
    public void A_claim_whose_annotations_somebody_has_changed_is_applied_again(string? generation, string? name)
    {
        var there = There("10Gi", "fast");
        there = there with { Metadata = there.Metadata with { Annotations = new ObjectAnnotations(generation, name) } };

        Assert.NotNull(VolumePlan.For(Identity, Desired(), there).Manifest);
    }

    [Fact]
    public void A_claim_that_should_grow_keeps_its_storage_class()
    {
        var plan = VolumePlan.For(Identity, Desired(d => d.StorageClass = "other"), There("5Gi", "fast")).Manifest;

        Assert.Equal("fast", plan!.Spec.StorageClassName);
        Assert.Equal("10Gi", plan.Spec.Resources.Requests["storage"].ToString());
    }

    [Fact]
    public void A_claim_that_lost_a_label_is_applied_again()
    {
        var there = There("10Gi", "fast");
        var bare = there with
        {
            Metadata = there.Metadata with { Labels = there.Metadata.Labels! with { Resource = null } },
        };

        Assert.NotNull(VolumePlan.For(Identity, Desired(), bare).Manifest);
    }

    [Fact]
    public void Details_are_in_one_order_and_each_others_hash_is_another()
    {
        var (one, other) = (Desired(d => d.Details = Details()), Desired());
        var annotations = Details().ServiceAccountAnnotations.Reverse().ToDictionary();
        other.Details = Details();
        other.Details.ServiceAccountAnnotations.Clear();
        other.Details.ServiceAccountAnnotations.Add(annotations);

        Assert.Equal(AuxiliaryObjects.Of(Identity, one).Hash, AuxiliaryObjects.Of(Identity, other).Hash);
        Assert.Equal(Json(Deployment(one)).ToJsonString(), Json(Deployment(other)).ToJsonString());
        Assert.NotEqual(AuxiliaryObjects.Of(Identity, one).Hash, AuxiliaryObjects.Of(Identity, Desired()).Hash);
    }

    [Fact]
    public void An_explicit_empty_affinity_is_none_and_no_word_of_it_the_default()
    {
        Assert.NotNull(PodSpec(new WorkspaceDetails())["affinity"]);
        Assert.Null(PodSpec(new WorkspaceDetails { Affinity = "{}" })["affinity"]);
    }

    private static JsonNode PodSpec(WorkspaceDetails details) =>
        Json(Deployment(Desired(d => d.Details = details)))["spec"]!["template"]!["spec"]!;

    private static WorkspaceDetails Details() =>
        new()
        {
            Tolerations =
            {
                new Toleration { Operator = "Exists", Effect = "NoSchedule" },
                new Toleration
                {
                    Key = "gpu",
                    Value = "true",
                    Effect = "NoExecute",
                    TolerationSeconds = 300,
                },
            },
            NodeSelector = { ["pool"] = "dev", ["disk"] = "ssd" },
            Affinity = """
                {
                  "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                      "nodeSelectorTerms": [
                        { "matchExpressions": [{ "key": "cpu", "operator": "Gt", "values": ["4"] }] }
                      ]
                    }
                  }
                }
                """,
            ServiceAccountAnnotations = { ["role"] = "jo@example.com", ["a.example.com/b"] = "" },
            ImagePullSecrets = { "regcred", "eu.registry" },
        };

    private static ClaimObject There(string size, string storageClass) =>
        new(
            new ObjectMeta(
                "ws-w1",
                Labels: new ObjectLabels("coder-mesh", "true", "w1", "p-1", "d-1"),
                Annotations: new ObjectAnnotations("2", "dev"),
                ManagedFields: new FieldOwners([new OwnFields("coder-mesh/p-1", "1", null)], "", "")
            ),
            new ClaimObject.ClaimSpec(storageClass, new ClaimObject.ClaimResources(new ClaimObject.ClaimRequests(size)))
        );

    private static WorkspaceDesired Desired(Action<WorkspaceDesired>? change = null)
    {
        var desired = TestDriver.Desired("w1", 3);
        change?.Invoke(desired);
        return desired;
    }

    private static V1Deployment Deployment(WorkspaceDesired desired) =>
        Manifests.Deployment(Identity, desired, AuxiliaryObjects.Of(Identity, desired).Hash, there: null);

    private static JsonNode Json<T>(T made) =>
        JsonSerializer.SerializeToNode(made, typeof(T), ManifestJsonContext.Default)!;

    private static void AssertSame(string expected, JsonNode actual)
    {
        if (!JsonNode.DeepEquals(JsonNode.Parse(expected), actual))
            Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual.ToJsonString());
    }
}
