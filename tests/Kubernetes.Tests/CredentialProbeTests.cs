using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Every kind of credential that a kubeconfig may hold; nobody is asked, so nobody has to be there.</summary>
public sealed class CredentialProbeTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(365, 8, ConditionStatus.True, "", "is good until")]
    [InlineData(365, 6, ConditionStatus.False, "credential_expiring", "expires on")]
    [InlineData(30, 4, ConditionStatus.True, "", "is good until")]
    [InlineData(30, 2, ConditionStatus.False, "credential_expiring", "expires on")]
    [InlineData(30, -1, ConditionStatus.False, "credential_expired", "expired on")]
    public async Task Notice_of_a_token_s_end_is_a_week_or_a_tenth_of_its_life(
        int life,
        int left,
        ConditionStatus status,
        string code,
        string says
    )
    {
        var end = Now.AddDays(left);
        var found = await Look($"token: {Token(end.AddDays(-life), end)}");

        Assert.Equal((status, code), (found.Status, found.Code));
        Assert.Equal(
            $"The agent's token for the cluster {says} {end.UtcDateTime:yyyy-MM-dd 'at' HH:mm} UTC.",
            found.Message
        );
    }

    [Fact]
    public async Task A_token_without_an_end_never_expires()
    {
        var found = await Look($"token: {Jwt("""{"sub":"system:serviceaccount:ns:mesh-agent"}""")}");

        Assert.Equal((ConditionStatus.True, ""), (found.Status, found.Message));
    }

    [Theory]
    [InlineData("token: opaque")]
    [InlineData("token: a.b.c")]
    [InlineData("token: a.MQ.c")]
    [InlineData("token: a.!!.c")]
    [InlineData("username: agent, password: secret")]
    public async Task What_is_no_JSON_web_token_leaves_it_unknown(string user)
    {
        var found = await Look(user);

        Assert.Equal((ConditionStatus.Unknown, "not_determined"), (found.Status, found.Code));
    }

    [Theory]
    [InlineData("1e300")]
    [InlineData("-5")]
    [InlineData("\"soon\"")]
    public async Task An_end_that_is_no_time_is_none(string end)
    {
        var found = await Look($"token: {Jwt($$"""{"exp":{{end}}}""")}");

        Assert.Equal(ConditionStatus.True, found.Status);
    }

    [Fact]
    public async Task A_client_certificate_expires_too()
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=agent", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(Now.AddDays(-360), Now.AddDays(5));
        var user =
            $"client-certificate-data: {Base64(certificate.ExportCertificatePem())}, "
            + $"client-key-data: {Base64(key.ExportPkcs8PrivateKeyPem())}";

        var found = await Look(user);

        Assert.Equal((ConditionStatus.False, "credential_expiring"), (found.Status, found.Code));
        Assert.StartsWith("The agent's client certificate for", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_renewed_by_itself_is_no_news_until_it_has_expired()
    {
        using var fresh = new TemporaryFile(Answer(Token(Now.AddHours(-1), Now.AddMinutes(1))));
        using var stale = new TemporaryFile(Answer(Token(Now.AddHours(-2), Now.AddHours(-1))));

        var soon = await Look(Plugin(fresh));
        var past = await Look(Plugin(stale));

        Assert.Equal((ConditionStatus.True, ""), (soon.Status, soon.Message));
        Assert.Equal((ConditionStatus.False, "credential_expired"), (past.Status, past.Code));
    }

    private static async Task<ProbedCondition> Look(string user)
    {
        using var file = new TemporaryFile(
            "apiVersion: v1\nkind: Config\n"
                + "clusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}]\n"
                + $"users: [{{name: u, user: {{{user}}}}}]\n"
                + "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n"
        );
        using var connection = KubernetesConnection.Open(new() { Kubeconfig = file.Path });
        return await new CredentialProbe(connection, TimeProvider.System).Check(Ct);
    }

    private static string Token(DateTimeOffset begin, DateTimeOffset end) =>
        Jwt($$"""{"iat":{{begin.ToUnixTimeSeconds()}},"exp":{{end.ToUnixTimeSeconds()}}}""");

    private static string Jwt(string claims) =>
        $"{Base64Url.EncodeToString("{}"u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.c2ln";

    /// <summary>A credential plugin: prints what a file holds.</summary>
    private static string Plugin(TemporaryFile file) =>
        "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: cat, "
        + $"args: [\"{file.Path}\"]}}";

    private static string Answer(string token) =>
        $$$"""{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"{{{token}}}"}}""";

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
