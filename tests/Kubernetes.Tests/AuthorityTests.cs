using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Which authorities of a kubeconfig are trusted, asked of a real API server.</summary>
public sealed class AuthorityTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_authority_of_a_bundle_is_trusted_wherever_it_stands(bool first)
    {
        var kubeconfig = (await fixture.Get()).KubeconfigFor("agent");
        using var edited = EditedKubeconfig.Trusting(Bundle(kubeconfig, first), kubeconfig);

        Assert.Equal(ConditionStatus.True, (await Reach(edited)).Status);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task So_is_each_of_a_file_named_from_the_folder_of_the_kubeconfig(bool first, bool relative)
    {
        var kubeconfig = (await fixture.Get()).KubeconfigFor("agent");
        using var bundle = new TemporaryFile(Bundle(kubeconfig, first));
        var named = relative ? Path.GetFileName(bundle.Path) : bundle.Path;
        using var edited = EditedKubeconfig.WithAuthority($"certificate-authority: {named}", kubeconfig);

        Assert.Equal(ConditionStatus.True, (await Reach(edited)).Status);
    }

    [Fact]
    public async Task A_server_of_another_authority_is_not_trusted()
    {
        using var other = EditedKubeconfig.TrustingAnother((await fixture.Get()).KubeconfigFor("agent"));

        var reachable = await Reach(other);

        Assert.Equal("cluster_unreachable", reachable.Code);
        Assert.Contains("certificate", reachable.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            "None of the certificate authorities that the agent was given for the cluster has signed it.",
            reachable.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("certificate-authority-data: bm9uZQ==", "certificate-authority-data holds no certificate")]
    [InlineData("certificate-authority-data: \"!!\"", "certificate-authority-data can't be read")]
    [InlineData(
        "certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=",
        "certificate-authority-data can't be read"
    )]
    [InlineData("certificate-authority: /dev/null", "certificate-authority \"/dev/null\" holds no certificate")]
    [InlineData("certificate-authority: gone.crt", "gone.crt")]
    public async Task An_authority_that_is_none_is_named_and_nothing_else_trusted_instead(string line, string says)
    {
        using var edited = EditedKubeconfig.WithAuthority(line, (await fixture.Get()).KubeconfigFor("agent"));

        var e = Assert.Throws<KubernetesConfigurationException>(() =>
            KubernetesConnection.Open(new() { Kubeconfig = edited.Path })
        );

        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }

    private static string Bundle(string kubeconfig, bool first)
    {
        var (own, other) = (EditedKubeconfig.AuthorityOf(kubeconfig), EditedKubeconfig.AnotherAuthority());
        return first ? $"{own}\n{other}\n" : $"{other}\n{own}\n";
    }

    private static async Task<ProbedCondition> Reach(TemporaryFile kubeconfig)
    {
        await using var driver = new TestDriver(new KubernetesOptions { Kubeconfig = kubeconfig.Path });
        return Assert.Single(
            (await driver.Driver.Probe(Ct)).Conditions,
            c => c.Type == ConditionTypes.ClusterReachable
        );
    }
}
