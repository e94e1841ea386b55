using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>A Node object that is ready, has room and no taints; no machine is behind it.</summary>
public sealed class FakeNode
{
    private FakeNode(string name) => Name = name;

    public string Name { get; }

    public const int Cpus = 64;

    internal static async Task<FakeNode> Register(
        KubernetesControlPlane controlPlane,
        string name,
        CancellationToken ct
    )
    {
        var node = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject { ["kubernetes.io/hostname"] = name },
            },
        };
        await controlPlane.Admin.Create("api/v1/nodes", node, ct);
        var path = $"api/v1/nodes/{name}";
        await controlPlane.Admin.Patch($"{path}/status", new JsonObject { ["status"] = Status() }, ct);
        await controlPlane.Admin.Patch(path, new JsonObject { ["spec"] = new JsonObject { ["taints"] = null } }, ct);
        return new FakeNode(name);
    }

    private static JsonObject Status() =>
        new()
        {
            ["capacity"] = Room(),
            ["allocatable"] = Room(),
            ["conditions"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Ready",
                    ["status"] = "True",
                    ["reason"] = "KubeletReady",
                }
            ),
        };

    private static JsonObject Room() =>
        new()
        {
            ["cpu"] = $"{Cpus}",
            ["memory"] = "256Gi",
            ["pods"] = "1000",
        };
}
