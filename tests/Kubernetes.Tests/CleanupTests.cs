using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>The command that a person is told to clean up with, run against a real API server.</summary>
public sealed class CleanupTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_printed_command_leaves_nothing_of_the_provider_and_all_of_another()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns).Watching();
        await using var other = new TestDriver(ns).Watching();
        await Run(driver);
        await Run(other);
        var before = await Labelled(controlPlane, ns, driver.Identity.ProviderId);
        var others = await Labelled(controlPlane, ns, other.Identity.ProviderId);

        await Kubectl(ns, WorkspaceKinds.CleanupCommand(ns.Name, driver.Identity.ProviderId));

        Assert.Superset(WorkspaceKinds.All.Select(kind => kind.Resource).ToHashSet(), before.ToHashSet());
        while (await Labelled(controlPlane, ns, driver.Identity.ProviderId) is { Count: > 0 } left)
        {
            Assert.False(Ct.IsCancellationRequested, $"left: {string.Join(", ", left)}");
            // What hangs on a deleted object goes with it, a moment later.
            Assert.Empty(left.Intersect(WorkspaceKinds.All.Select(kind => kind.Resource)));
            await Task.Delay(TimeSpan.FromMilliseconds(100), Ct);
        }

        Assert.Equal(others, await Labelled(controlPlane, ns, other.Identity.ProviderId));
    }

    [Fact]
    public async Task The_agent_deletes_every_kind_that_it_made()
    {
        var controlPlane = await fixture.Get();
        await using var ns = await controlPlane.CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns).Watching();
        var id = await Run(driver);

        Assert.True(await driver.Remove(id, Ct));
        await driver.Sink.UntilGone(id, Ct);
        while (await driver.Remove(id, Ct))
            await Task.Delay(TimeSpan.FromMilliseconds(100), Ct);

        var left = await Labelled(controlPlane, ns, driver.Identity.ProviderId);
        Assert.Empty(left.Except(["endpointslices", "replicasets"]));
    }

    private static async Task<string> Run(TestDriver driver)
    {
        var desired = TestDriver.Desired(TestDriver.NewId());
        await driver.Apply(desired, Ct);
        await driver.Sink.Until(desired.WorkspaceId, WorkspaceState.Running, Ct);
        return desired.WorkspaceId;
    }

    /// <summary>
    /// The kinds of everything in the namespace that carries the provider's label, of whatever kind it is.
    /// </summary>
    private static async Task<IReadOnlyList<string>> Labelled(
        KubernetesControlPlane controlPlane,
        TestNamespace ns,
        string providerId
    )
    {
        var admin = controlPlane.Admin;
        var groups = (await admin.Get("apis", Ct))!["groups"]!.AsArray();
        var versions = groups.Select(g => $"apis/{g!["preferredVersion"]!["groupVersion"]}").Prepend("api/v1");
        var found = new List<string>();
        foreach (var version in versions)
        {
            var resources = (await admin.Get(version, Ct))!["resources"]!.AsArray();
            foreach (var name in resources.Where(Listable).Select(r => r!["name"]!.GetValue<string>()))
            {
                var query = $"labelSelector={WorkspaceKinds.ProviderLabel}={providerId}";
                var items = await admin.List($"{version}/namespaces/{ns.Name}/{name}?{query}", Ct);
                found.AddRange(items.Select(_ => name));
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private static bool Listable(JsonNode? resource) =>
        resource!["namespaced"]!.GetValue<bool>()
        && resource["verbs"]!.AsArray().Any(verb => verb!.GetValue<string>() == "list");

    private static async Task Kubectl(TestNamespace ns, string command)
    {
        var words = command.Split(' ');
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["KUBECONFIG"] = ns.Kubeconfig },
        };
        try
        {
            using var process = Process.Start(start)!;
            var (output, error) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
            await process.WaitForExitAsync(Ct);
            Assert.True(process.ExitCode == 0, $"{command}: {await output}{await error}");
        }
        catch (Win32Exception)
        {
            Assert.Skip("kubectl is not installed: https://kubernetes.io/docs/tasks/tools/");
        }
    }
}
