using Coder.Mesh.Agent.Kubernetes;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class ConnectionTests
{
    private const string Server = "clusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}]";

    [Fact]
    public void Without_any_configuration_the_message_says_what_to_do()
    {
        var e = Assert.Throws<KubernetesConfigurationException>(() => KubernetesConnection.Open(new()));

        Assert.Contains("no kubeconfig is named", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var e = Assert.Throws<KubernetesConfigurationException>(() =>
            KubernetesConnection.Open(new() { Kubeconfig = "/nonexistent/kubeconfig" })
        );

        Assert.Contains("/nonexistent/kubeconfig", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("clusters: [")]
    [InlineData("just words")]
    [InlineData("clusters: []\ncontexts: []\ncurrent-context: gone")]
    [InlineData(
        Server
            + "\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
            + "users: [{name: u, user: {client-certificate-data: \"!!\", client-key-data: \"!!\"}}]"
    )]
    public void A_file_that_makes_no_sense_is_named(string text)
    {
        using var file = new TemporaryFile(text);

        var e = Assert.Throws<KubernetesConfigurationException>(() =>
            KubernetesConnection.Open(new() { Kubeconfig = file.Path })
        );

        Assert.Contains(file.Path, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "namespace: theirs", "theirs")]
    [InlineData(null, "user: u", "default")]
    [InlineData("mine", "namespace: theirs", "mine")]
    public void The_namespace_is_the_configured_one_else_the_contexts_else_default(
        string? configured,
        string context,
        string expected
    )
    {
        using var file = new TemporaryFile(
            Server
                + $"\ncontexts: [{{name: x, context: {{cluster: c, user: u, {context}}}}}]\ncurrent-context: x\n"
                + "users: [{name: u, user: {token: t}}]"
        );

        using var connection = KubernetesConnection.Open(new() { Kubeconfig = file.Path, Namespace = configured });

        Assert.Equal(expected, connection.Namespace);
    }

    [Fact]
    public void An_address_with_a_path_keeps_it()
    {
        using var file = new TemporaryFile(
            Server.Replace(":1\"", ":1/k8s/clusters/c-1\"", StringComparison.Ordinal)
                + "\ncontexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x"
        );

        using var connection = KubernetesConnection.Open(new() { Kubeconfig = file.Path });

        Assert.Equal(
            "https://127.0.0.1:1/k8s/clusters/c-1/version",
            new Uri(connection.Http.BaseAddress!, "version").AbsoluteUri
        );
    }
}
