using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using k8s.KubeConfigModels;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Certificate authorities of a kubeconfig, including all certificates of a bundle, as during the rotation of an
/// authority. KubernetesClient.Aot 21.0.8 itself takes the first certificate only
/// (findings/kubernetes-client-aot-trusts-one-ca.sh).
/// </summary>
internal static class KubeconfigAuthorities
{
    /// <returns>The authorities of the current context's cluster; null if it names none.</returns>
    /// <exception cref="FormatException">There is no readable certificate; the message names the field.</exception>
    /// <exception cref="IOException">The named file cannot be read.</exception>
    public static X509Certificate2Collection? Read(K8SConfiguration kubeconfig)
    {
        if (Cluster(kubeconfig) is not { } cluster)
            return null;
        if (cluster.CertificateAuthorityData is { Length: > 0 } data)
            return Import("certificate-authority-data", () => Encoding.UTF8.GetString(Convert.FromBase64String(data)));
        return cluster.CertificateAuthority is { Length: > 0 } path
            ? Import($"certificate-authority \"{path}\"", () => File.ReadAllText(FullPath(kubeconfig, path)))
            : null;
    }

    private static ClusterEndpoint? Cluster(K8SConfiguration kubeconfig)
    {
        var context = kubeconfig.Contexts?.FirstOrDefault(c => Same(c.Name, kubeconfig.CurrentContext));
        return kubeconfig
            .Clusters?.FirstOrDefault(c => Same(c.Name, context?.ContextDetails?.Cluster))
            ?.ClusterEndpoint;
    }

    private static bool Same(string? one, string? other) =>
        string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static string FullPath(K8SConfiguration kubeconfig, string path) =>
        Path.GetDirectoryName(kubeconfig.FileName) is { } folder ? Path.Combine(folder, path) : path;

    private static X509Certificate2Collection Import(string field, Func<string> pem)
    {
        X509Certificate2Collection authorities = [];
        try
        {
            authorities.ImportFromPem(pem());
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            throw new FormatException($"its {field} can't be read: {e.Message}", e);
        }

        return authorities.Count > 0
            ? authorities
            : throw new FormatException($"its {field} holds no certificate in PEM form.");
    }
}
