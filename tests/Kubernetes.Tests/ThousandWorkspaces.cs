using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>
/// A thousand stopped workspaces of one provider, in a control plane of their own that may be killed. No controllers
/// run in it: the objects change when a test changes them and at no other time.
/// </summary>
public sealed class ThousandWorkspaces : IAsyncDisposable
{
    public const int Count = 1000;

    private const int AtOnce = 16;

    // The controller that would follow each change of a Deployment isn't there: it has seen those to come, too.
    private const int ManyChanges = 1_000_000;

    private readonly Lazy<Task> _made;
    private KubernetesControlPlane? _controlPlane;
    private TestNamespace? _ns;
    private int _generation = 1;

    public ThousandWorkspaces() => _made = new Lazy<Task>(() => Task.Run(() => Make(CancellationToken.None)));

    public KubernetesControlPlane ControlPlane => _controlPlane!;

    public TestNamespace Namespace => _ns!;

    internal DriverIdentity Identity { get; } = new("p-thousand", "d-1");

    /// <summary>Makes them for the first test that asks; skips the test where there is nothing to test with.</summary>
    public async Task<ThousandWorkspaces> Get()
    {
        try
        {
            await _made.Value;
        }
        catch (KubernetesUnavailableException e) when (!KubernetesControlPlane.Required)
        {
            Assert.Skip(e.Message);
        }

        return this;
    }

    /// <summary>
    /// Makes a workspace's Deployment, and says what its controller would: that there is nothing to run.
    /// </summary>
    internal async Task<string> Add(DriverIdentity identity, CancellationToken ct)
    {
        var id = TestDriver.NewId();
        var desired = TestDriver.Desired(id, 1, WorkspacePower.Stopped);
        var manifest = JsonSerializer.SerializeToNode(
            Manifests.Deployment(identity, desired, auxiliary: "none", there: null),
            ManifestJsonContext.Default.V1Deployment
        )!;
        await ControlPlane.Admin.Create(Namespace.Path("deployments"), manifest, ct);
        var observed = new JsonObject { ["status"] = new JsonObject { ["observedGeneration"] = ManyChanges } };
        await ControlPlane.Admin.Patch($"{PathOf(id)}/status", observed, ct);
        return id;
    }

    /// <summary>Makes a Deployment one of another generation, as an apply would.</summary>
    /// <returns>The generation, and the resourceVersion that it came with.</returns>
    public async Task<(ulong Generation, long Version)> Change(string id, CancellationToken ct)
    {
        var generation = (ulong)Interlocked.Increment(ref _generation);
        var annotations = new JsonObject { [Names.Generation] = generation.ToString(CultureInfo.InvariantCulture) };
        var change = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } };
        return (generation, VersionOf(await ControlPlane.Admin.Patch(PathOf(id), change, ct)));
    }

    public Task Delete(string id, CancellationToken ct) => ControlPlane.Admin.Delete(PathOf(id), ct);

    public static long VersionOf(JsonNode item) =>
        long.Parse(item["metadata"]!["resourceVersion"]!.GetValue<string>(), CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        if (_controlPlane is not null)
            await _controlPlane.DisposeAsync();
    }

    private string PathOf(string id) => Namespace.Path("deployments", Names.Object(id));

    private async Task Make(CancellationToken ct)
    {
        _controlPlane = await KubernetesControlPlane.Start(controllers: false, ct);
        _ns = await _controlPlane.CreateNamespace(TestDriver.Rules, ct);
        var bounded = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = ct };
        await Parallel.ForAsync(0, Count, bounded, async (_, token) => await Add(Identity, token));
    }
}
