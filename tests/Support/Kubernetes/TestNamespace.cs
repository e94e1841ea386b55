using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>A namespace of one test, with a ServiceAccount in it that an agent can run as.</summary>
public sealed class TestNamespace : IAsyncDisposable
{
    private const string Account = "mesh-agent";
    private const string MarkerGroup = "test.mesh.coder.com";

    private readonly KubernetesControlPlane _controlPlane;

    private TestNamespace(KubernetesControlPlane controlPlane, string name, string uid)
    {
        _controlPlane = controlPlane;
        Name = name;
        Uid = uid;
    }

    public string Name { get; }

    public string Uid { get; }

    /// <summary>A kubeconfig file with a token of the ServiceAccount, and this namespace in its context.</summary>
    public string Kubeconfig { get; private set; } = "";

    private ClusterApi Admin => _controlPlane.Admin;

    private string RbacPath => $"apis/rbac.authorization.k8s.io/v1/namespaces/{Name}";

    /// <summary>The path of an object, or of all objects, of this namespace.</summary>
    /// <param name="resource">Plural and lower case; the group of those that are in one is known.</param>
    public string Path(string resource, string? name = null)
    {
        var group = resource switch
        {
            "deployments" or "replicasets" => "apis/apps/v1",
            "networkpolicies" => "apis/networking.k8s.io/v1",
            _ => "api/v1",
        };
        return $"{group}/namespaces/{Name}/{resource}{(name is null ? "" : $"/{name}")}";
    }

    /// <returns>Null if there is no such object.</returns>
    public Task<JsonNode?> Get(string resource, string name, CancellationToken ct) =>
        Admin.Get(Path(resource, name), ct);

    public Task<IReadOnlyList<JsonNode>> List(string resource, CancellationToken ct) => Admin.List(Path(resource), ct);

    /// <summary>Changes what the ServiceAccount may do, and returns once the API server heeds it.</summary>
    public async Task SetRules(IEnumerable<PolicyRule> rules, CancellationToken ct)
    {
        var marker = $"m-{Guid.NewGuid():n}";
        await Admin.Replace($"{RbacPath}/roles/{Account}", Role(rules, marker), ct);
        await Heeded(marker, ct);
    }

    /// <summary>Asks for the namespace's deletion; controllers do the rest after the test.</summary>
    public async ValueTask DisposeAsync() => await Admin.Delete($"api/v1/namespaces/{Name}", CancellationToken.None);

    internal static async Task<TestNamespace> Create(
        KubernetesControlPlane controlPlane,
        Func<string, IEnumerable<PolicyRule>> rules,
        CancellationToken ct
    )
    {
        var name = $"test-{Guid.NewGuid():n}"[..17];
        var made = await controlPlane.Admin.Create("api/v1/namespaces", Object("v1", "Namespace", name), ct);
        var ns = new TestNamespace(controlPlane, name, made["metadata"]!["uid"]!.GetValue<string>());
        await ns.MakeAccount(rules(name), ct);
        return ns;
    }

    private async Task MakeAccount(IEnumerable<PolicyRule> rules, CancellationToken ct)
    {
        var marker = $"m-{Guid.NewGuid():n}";
        await Admin.Create(Path("serviceaccounts"), Object("v1", "ServiceAccount", Account), ct);
        await Admin.Create($"{RbacPath}/roles", Role(rules, marker), ct);
        var binding = Object("rbac.authorization.k8s.io/v1", "RoleBinding", Account);
        binding["roleRef"] = new JsonObject
        {
            ["apiGroup"] = "rbac.authorization.k8s.io",
            ["kind"] = "Role",
            ["name"] = Account,
        };
        binding["subjects"] = new JsonArray(
            new JsonObject
            {
                ["kind"] = "ServiceAccount",
                ["name"] = Account,
                ["namespace"] = Name,
            }
        );
        await Admin.Create($"{RbacPath}/rolebindings", binding, ct);
        await Heeded(marker, ct);
        Kubeconfig = await WriteKubeconfig(ct);
    }

    private async Task<string> WriteKubeconfig(CancellationToken ct)
    {
        var request = Object("authentication.k8s.io/v1", "TokenRequest", Account);
        request["spec"] = new JsonObject { ["expirationSeconds"] = 7200 };
        var answer = await Admin.Create($"{Path("serviceaccounts", Account)}/token", request, ct);
        var token = answer["status"]!["token"]!.GetValue<string>();
        return _controlPlane.WriteSecret(
            "kubeconfig",
            Kubernetes.Kubeconfig.ForToken(_controlPlane.Address.AbsoluteUri, _controlPlane.AuthorityPem, Name, token)
        );
    }

    // The authorizer hears of Roles a moment late. A rule for a resource that doesn't exist, new with each change,
    // tells when it has heard of this one.
    private static JsonObject Role(IEnumerable<PolicyRule> rules, string marker)
    {
        var role = Object("rbac.authorization.k8s.io/v1", "Role", Account);
        var all = rules.Append(new PolicyRule(MarkerGroup, marker, ["get"]));
        role["rules"] = new JsonArray([.. all.Select(rule => rule.ToJson())]);
        return role;
    }

    private async Task Heeded(string marker, CancellationToken ct)
    {
        while (true)
        {
            var review = new JsonObject
            {
                ["apiVersion"] = "authorization.k8s.io/v1",
                ["kind"] = "SubjectAccessReview",
                ["spec"] = new JsonObject
                {
                    ["user"] = $"system:serviceaccount:{Name}:{Account}",
                    ["resourceAttributes"] = new JsonObject
                    {
                        ["namespace"] = Name,
                        ["verb"] = "get",
                        ["group"] = MarkerGroup,
                        ["resource"] = marker,
                    },
                },
            };
            var answer = await Admin.Create("apis/authorization.k8s.io/v1/subjectaccessreviews", review, ct);
            if (answer["status"]?["allowed"]?.GetValue<bool>() == true)
                return;
            await Task.Delay(TimeSpan.FromMilliseconds(20), ct);
        }
    }

    private static JsonObject Object(string apiVersion, string kind, string name) =>
        new()
        {
            ["apiVersion"] = apiVersion,
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = name },
        };
}
