using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>A copy of a kubeconfig in which something is not as it should be.</summary>
internal sealed partial class EditedKubeconfig : IDisposable
{
    private EditedKubeconfig(string text)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"kubeconfig-{Guid.NewGuid():n}");
        File.WriteAllText(Path, text);
    }

    public string Path { get; }

    /// <summary>Points at another port of loopback.</summary>
    public static EditedKubeconfig At(int port, string kubeconfig) =>
        new(ServerPort().Replace(File.ReadAllText(kubeconfig), $":{port}/"));

    /// <summary>Trusts an authority that has signed nothing.</summary>
    public static EditedKubeconfig TrustingAnother(string kubeconfig)
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=another", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        using var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        var pem = Convert.ToBase64String(Encoding.ASCII.GetBytes(authority.ExportCertificatePem()));
        return new(Authority().Replace(File.ReadAllText(kubeconfig), $"certificate-authority-data: {pem}"));
    }

    public void Dispose() => File.Delete(Path);

    [GeneratedRegex(@":\d+/")]
    private static partial Regex ServerPort();

    [GeneratedRegex("certificate-authority-data: .*")]
    private static partial Regex Authority();
}
