using System.Text;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>Writes kubeconfig files.</summary>
internal static class Kubeconfig
{
    public static string ForCertificate(string server, string authority, string ns, string certificate, string key) =>
        Write(
            server,
            authority,
            ns,
            $"client-certificate-data: {Base64(certificate)}\n    client-key-data: {Base64(key)}"
        );

    public static string ForToken(string server, string authority, string ns, string token) =>
        Write(server, authority, ns, $"token: {token}");

    private static string Write(string server, string authority, string ns, string credentials) =>
        $"""
            apiVersion: v1
            kind: Config
            clusters:
            - name: test
              cluster:
                server: {server}
                certificate-authority-data: {Base64(authority)}
            users:
            - name: test
              user:
                {credentials}
            contexts:
            - name: test
              context:
                cluster: test
                user: test
                namespace: {ns}
            current-context: test

            """;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
