using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What is desired, as objects. Compared as JSON: that is what the API server gets.</summary>
public sealed class ManifestsTests
{
    private static readonly DriverIdentity Identity = new("p-1", "d-1");

    [Fact]
    public void A_deployment_is_exactly_this()
    {
        var expected = """
            {
              "apiVersion": "apps/v1",
              "kind": "Deployment",
              "metadata": {
                "name": "ws-w1",
                "annotations": { "mesh.coder.com/generation": "3", "mesh.coder.com/workspace-name": "dev" },
                "labels": {
                  "app.kubernetes.io/managed-by": "coder-mesh",
                  "com.coder.resource": "true",
                  "mesh.coder.com/workspace-id": "w1",
                  "mesh.coder.com/provider-id": "p-1",
                  "mesh.coder.com/deployment-id": "d-1"
                }
              },
              "spec": {
                "replicas": 1,
                "revisionHistoryLimit": 1,
                "strategy": { "type": "Recreate" },
                "selector": {
                  "matchLabels": { "mesh.coder.com/provider-id": "p-1", "mesh.coder.com/workspace-id": "w1" }
                },
                "template": {
                  "metadata": {
                    "labels": {
                      "app.kubernetes.io/managed-by": "coder-mesh",
                      "com.coder.resource": "true",
                      "mesh.coder.com/workspace-id": "w1",
                      "mesh.coder.com/provider-id": "p-1",
                      "mesh.coder.com/deployment-id": "d-1"
                    }
                  },
                  "spec": {
                    "automountServiceAccountToken": false,
                    "enableServiceLinks": false,
                    "securityContext": {
                      "runAsNonRoot": true,
                      "runAsUser": 1000,
                      "runAsGroup": 1000,
                      "fsGroup": 1000,
                      "seccompProfile": { "type": "RuntimeDefault" }
                    },
                    "affinity": {
                      "podAffinity": {
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                          {
                            "weight": 1,
                            "podAffinityTerm": {
                              "topologyKey": "kubernetes.io/hostname",
                              "labelSelector": { "matchLabels": { "com.coder.resource": "true" } }
                            }
                          }
                        ]
                      }
                    },
                    "containers": [
                      {
                        "name": "workspace",
                        "image": "registry.example/dev:1",
                        "command": ["sh", "-c", "trap \"exit 0\" TERM; sleep infinity & wait"],
                        "env": [{ "name": "CODER_WP_NAME", "value": "dev" }],
                        "resources": {
                          "requests": { "cpu": "500m", "memory": "1Gi" },
                          "limits": { "cpu": "500m", "memory": "1Gi" }
                        },
                        "securityContext": {
                          "allowPrivilegeEscalation": false,
                          "privileged": false,
                          "runAsNonRoot": true,
                          "capabilities": { "drop": ["ALL"] }
                        },
                        "volumeMounts": [{ "name": "home", "mountPath": "/home/coder" }]
                      }
                    ],
                    "volumes": [{ "name": "home", "persistentVolumeClaim": { "claimName": "ws-w1" } }]
                  }
                }
              }
            }
            """;

        AssertSame(expected, Json(Manifests.Deployment(Identity, Desired())));
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

        var container = Json(Manifests.Deployment(Identity, desired))["spec"]!["template"]!["spec"]!["containers"]![0]!;

        AssertSame(
            """
            [
              { "name": "A", "value": "1" },
              { "name": "B", "value": "$$(A) $$$$ 5$$" },
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
    public void A_restart_shows_in_the_template_and_none_in_none()
    {
        var desired = Desired();
        var never = Json(Manifests.Deployment(Identity, desired))["spec"]!["template"]!["metadata"]!;
        desired.RestartGeneration = 7;
        var once = Json(Manifests.Deployment(Identity, desired))["spec"]!["template"]!["metadata"]!;

        Assert.Null(never["annotations"]);
        Assert.Equal("7", once["annotations"]!["mesh.coder.com/restart-generation"]!.GetValue<string>());
    }

    [Fact]
    public void A_claim_is_exactly_this()
    {
        var expected = """
            {
              "apiVersion": "v1",
              "kind": "PersistentVolumeClaim",
              "metadata": {
                "name": "ws-w1",
                "annotations": { "mesh.coder.com/generation": "3", "mesh.coder.com/workspace-name": "dev" },
                "labels": {
                  "app.kubernetes.io/managed-by": "coder-mesh",
                  "com.coder.resource": "true",
                  "mesh.coder.com/workspace-id": "w1",
                  "mesh.coder.com/provider-id": "p-1",
                  "mesh.coder.com/deployment-id": "d-1"
                }
              },
              "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "fast",
                "resources": { "requests": { "storage": "10Gi" } }
              }
            }
            """;

        AssertSame(expected, Json(Manifests.Claim(Identity, Desired(), "fast")));
    }

    [Fact]
    public void Stopped_is_the_same_deployment_with_no_replicas()
    {
        var running = Json(Manifests.Deployment(Identity, Desired()));
        var stopped = Json(Manifests.Deployment(Identity, Desired(d => d.Power = WorkspacePower.Stopped)));

        Assert.Equal(0, stopped["spec"]!["replicas"]!.GetValue<int>());
        stopped["spec"]!["replicas"] = 1;
        AssertSame(running.ToJsonString(), stopped);
    }

    [Fact]
    public void A_command_of_its_own_takes_the_place_of_the_default_one()
    {
        var made = Json(Manifests.Deployment(Identity, Desired(d => d.Spec.Command.AddRange(["/bin/dev", "--fast"]))));

        Assert.Equal(
            """["/bin/dev","--fast"]""",
            made["spec"]!["template"]!["spec"]!["containers"]![0]!["command"]!.ToJsonString()
        );
    }

    [Fact]
    public void Without_a_storage_class_the_choice_is_the_clusters()
    {
        var plan = ClaimPlan.For(Identity, Desired(), there: null);

        Assert.Null(plan!.Spec.StorageClassName);
        Assert.Equal(
            "slow",
            ClaimPlan.For(Identity, Desired(d => d.StorageClass = "slow"), null)!.Spec.StorageClassName
        );
    }

    [Theory]
    [InlineData("10Gi")]
    [InlineData("10240Mi")]
    [InlineData("10737418240")]
    public void A_claim_that_is_as_it_should_be_is_not_applied_again(string size) =>
        Assert.Null(ClaimPlan.For(Identity, Desired(d => d.StorageClass = "other"), There(size, "fast")));

    [Fact]
    public void A_claim_that_should_grow_keeps_its_storage_class()
    {
        var plan = ClaimPlan.For(Identity, Desired(d => d.StorageClass = "other"), There("5Gi", "fast"));

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

        Assert.NotNull(ClaimPlan.For(Identity, Desired(), bare));
    }

    private static ClaimObject There(string size, string storageClass) =>
        new(
            new ObjectMeta("ws-w1", Labels: new ObjectLabels("coder-mesh", "true", "w1", "p-1", "d-1")),
            new ClaimObject.ClaimSpec(storageClass, new ClaimObject.ClaimResources(new ClaimObject.ClaimRequests(size)))
        );

    private static WorkspaceDesired Desired(Action<WorkspaceDesired>? change = null)
    {
        var desired = TestDriver.Desired("w1", 3);
        change?.Invoke(desired);
        return desired;
    }

    private static JsonNode Json<T>(T made) =>
        JsonSerializer.SerializeToNode(made, typeof(T), KubernetesJsonContext.Default)!;

    private static void AssertSame(string expected, JsonNode actual)
    {
        if (!JsonNode.DeepEquals(JsonNode.Parse(expected), actual))
            Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), actual.ToJsonString());
    }
}
