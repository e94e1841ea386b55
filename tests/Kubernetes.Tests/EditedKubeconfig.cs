using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>Copies of a kubeconfig in which something is not as it should be.</summary>
internal static partial class EditedKubeconfig
{
    /// <summary>Points at another port of loopback.</summary>
    public static TemporaryFile At(int port, string kubeconfig) =>
        new(ServerPort().Replace(File.ReadAllText(kubeconfig), $":{port}/"));

    /// <summary>Goes to another address, without TLS.</summary>
    public static TemporaryFile Through(string address, string kubeconfig) =>
        new(Server().Replace(File.ReadAllText(kubeconfig), $"server: {address}/"));

    /// <summary>Trusts an authority that has signed nothing.</summary>
    public static TemporaryFile TrustingAnother(string kubeconfig) => Trusting(AnotherAuthority(), kubeconfig);

    /// <summary>Has these authorities, or this text in their place, as data.</summary>
    public static TemporaryFile Trusting(string authorities, string kubeconfig) =>
        WithAuthority(
            $"certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(authorities))}",
            kubeconfig
        );

    /// <summary>Says something else where it names its authority.</summary>
    public static TemporaryFile WithAuthority(string line, string kubeconfig) =>
        new(Authority().Replace(File.ReadAllText(kubeconfig), line));

    /// <summary>The authority of a kubeconfig, in PEM form.</summary>
    public static string AuthorityOf(string kubeconfig) =>
        Encoding.UTF8.GetString(
            Convert.FromBase64String(Authority().Match(File.ReadAllText(kubeconfig)).Value.Split(' ')[1].Trim())
        );

    /// <summary>An authority that has signed nothing, in PEM form.</summary>
    public static string AnotherAuthority()
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=another", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        using var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        return authority.ExportCertificatePem();
    }

    [GeneratedRegex(@":\d+/")]
    private static partial Regex ServerPort();

    [GeneratedRegex("server: .*")]
    private static partial Regex Server();

    [GeneratedRegex("certificate-authority-data: .*")]
    private static partial Regex Authority();
}
