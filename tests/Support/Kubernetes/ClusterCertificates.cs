using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>A certificate authority of one test run, and what it has signed.</summary>
internal sealed class ClusterCertificates : IDisposable
{
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly string _folder;

    /// <param name="folder">Where its files are written.</param>
    /// <param name="names">Names of the server, beside localhost.</param>
    public ClusterCertificates(string folder, params IEnumerable<string> names)
    {
        _folder = folder;
        var request = new CertificateRequest("CN=coder-mesh-tests", _authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(
                X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature,
                critical: true
            )
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        Authority = request.CreateSelfSigned(From, Until);
        File.WriteAllText(AuthorityFile, Authority.ExportCertificatePem());
        WriteServer(names);
        WriteServiceAccountKeys();
    }

    public X509Certificate2 Authority { get; }

    public string AuthorityFile => Path.Combine(_folder, "ca.crt");

    public string ServerFile => Path.Combine(_folder, "server.crt");

    public string ServerKeyFile => Path.Combine(_folder, "server.key");

    public string ServiceAccountPublicFile => Path.Combine(_folder, "sa.pub");

    public string ServiceAccountKeyFile => Path.Combine(_folder, "sa.key");

    private static DateTimeOffset From => DateTimeOffset.UtcNow.AddHours(-1);

    private static DateTimeOffset Until => DateTimeOffset.UtcNow.AddDays(2);

    /// <summary>A certificate by which the API server knows a user.</summary>
    public (string Certificate, string Key) IssueClient(string user, IReadOnlyList<string> groups)
    {
        var name = new X500DistinguishedNameBuilder();
        foreach (var group in groups)
            name.AddOrganizationName(group);
        name.AddCommonName(user);
        var (certificate, key) = Issue(name.Build(), "1.3.6.1.5.5.7.3.2", names: null);
        return (certificate, key);
    }

    public void Dispose()
    {
        Authority.Dispose();
        _authorityKey.Dispose();
    }

    private void WriteServer(IEnumerable<string> more)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        foreach (var name in more.Prepend("localhost"))
            names.AddDnsName(name);
        var (certificate, key) = Issue(
            new X500DistinguishedName("CN=kube-apiserver"),
            "1.3.6.1.5.5.7.3.1",
            names.Build()
        );
        File.WriteAllText(ServerFile, certificate);
        File.WriteAllText(ServerKeyFile, key);
    }

    private void WriteServiceAccountKeys()
    {
        using var key = RSA.Create(2048);
        File.WriteAllText(ServiceAccountKeyFile, key.ExportRSAPrivateKeyPem());
        File.WriteAllText(ServiceAccountPublicFile, key.ExportSubjectPublicKeyInfoPem());
    }

    private (string Certificate, string Key) Issue(X500DistinguishedName subject, string usage, X509Extension? names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Authority, true, false)
        );
        if (names is not null)
            request.CertificateExtensions.Add(names);
        using var certificate = request.Create(
            Authority,
            From.AddMinutes(1),
            Until.AddHours(-1),
            RandomNumberGenerator.GetBytes(16)
        );
        return (certificate.ExportCertificatePem(), key.ExportECPrivateKeyPem());
    }
}
