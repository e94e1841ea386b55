using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>A Role that loses a verb and gets it back, with the whole product on it.</summary>
public sealed class PermissionsTests(KubernetesFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_verb_that_is_taken_from_the_Role_is_an_Error_that_names_it_and_its_return_is_Ready()
    {
        var cluster = await fixture.Get();
        await using var ns = await cluster.CreateNamespace(Rules, Ct);
        await using var mesh = await TestMesh.Start(Ct);
        mesh.StartAgent("--kubeconfig", ns.Kubeconfig);
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);

        await ns.SetRules(
            Rules(ns.Name)
                .Select(r => r.Resource == "networkpolicies" ? r with { Verbs = [.. r.Verbs.Except(["patch"])] } : r),
            Ct
        );
        var broken = await mesh.UntilProvider(p => p.Status == ProviderStatus.Error, "the provider is in Error", Ct);
        var shown = await mesh.Cli(Ct, "providers", "show", broken.Name);
        await ns.SetRules(Rules(ns.Name), Ct);
        var again = await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready again", Ct);

        Assert.Equal("permissions_insufficient", broken.StatusCode);
        Assert.Equal("The agent's Role lacks: patch networkpolicies.networking.k8s.io.", broken.StatusMessage);
        Assert.Contains("patch networkpolicies.networking.k8s.io", shown, StringComparison.Ordinal);
        Assert.Equal(broken.Agent.Epoch, again.Agent.Epoch);
        Assert.All(
            again.Conditions.Where(c => ConditionTypes.Required.Contains(c.Type)),
            c => Assert.Equal((ConditionStatus.True, ""), (c.Status, c.Code))
        );
        Assert.Equal(ConditionStatus.True, Single(again, ConditionTypes.ClockSynced).Status);
        Assert.Equal(ConditionStatus.True, Single(again, ConditionTypes.CredentialExpiry).Status);
        Assert.Contains(
            "list storageclasses.storage.k8s.io is as it should be",
            Single(again, ConditionTypes.StorageReady).Message,
            StringComparison.Ordinal
        );
    }

    private static Condition Single(Provider provider, string type) =>
        Assert.Single(provider.Conditions, c => c.Type == type);

    private static IEnumerable<PolicyRule> Rules(string ns) =>
        RequiredPermissions.In(ns).Select(p => new PolicyRule(p.Group, p.Resource, p.Verbs, p.Name));
}
