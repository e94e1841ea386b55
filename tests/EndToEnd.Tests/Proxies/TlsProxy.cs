using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Kubernetes;

namespace Coder.Mesh.EndToEnd.Tests.Proxies;

/// <summary>HAProxy or nginx before a control plane, with the configuration that docs/proxies.md shows.</summary>
internal sealed class TlsProxy : IDisposable
{
    // In the place of what Debian's package has in /etc/nginx/nginx.conf, as far as it matters here.
    private const string NginxMain = """
        daemon off;
        master_process off;
        pid FOLDER/nginx.pid;
        error_log stderr notice;
        events {}
        http {
            access_log off;
            client_body_temp_path FOLDER/body;
            proxy_temp_path FOLDER/proxied;
            fastcgi_temp_path FOLDER/fastcgi;
            uwsgi_temp_path FOLDER/uwsgi;
            scgi_temp_path FOLDER/scgi;
            include FOLDER/mesh.conf;
        }
        """;

    private readonly string _program;
    private readonly string _folder;
    private readonly TestMesh _mesh;
    private readonly ClusterCertificates _certificates;
    private readonly int _port = FreePorts.Take();
    private ChildProcess _process = null!;

    private TlsProxy(string name, TestMesh mesh)
    {
        (Name, _mesh, _program) = (name, mesh, InstalledTool.Find(name));
        _folder = Directory.CreateDirectory(mesh.FileOf(name)).FullName;
        _certificates = new ClusterCertificates(_folder, "mesh.test");
        File.WriteAllText(
            Path.Combine(_folder, "mesh.pem"),
            File.ReadAllText(_certificates.ServerFile) + "\n" + File.ReadAllText(_certificates.ServerKeyFile)
        );
    }

    public string Name { get; }

    public string Address => $"https://localhost:{_port}";

    public IPEndPoint Endpoint => new(IPAddress.Loopback, _port);

    /// <summary>Makes processes trust it.</summary>
    public KeyValuePair<string, string> Trust => new("SSL_CERT_FILE", _certificates.AuthorityFile);

    public OutputLines Output => _process.Output;

    /// <param name="name"><c>haproxy</c> or <c>nginx</c>.</param>
    /// <param name="mesh">The deployment, whose agents and <c>mesh</c> go through it from now on.</param>
    /// <param name="ct">Ends the wait.</param>
    public static async Task<TlsProxy> Start(string name, TestMesh mesh, CancellationToken ct)
    {
        var proxy = new TlsProxy(name, mesh);
        await proxy.Start(ct);
        mesh.AgentAddress = mesh.CliAddress = proxy.Address;
        mesh.ClientEnvironment[proxy.Trust.Key] = proxy.Trust.Value;
        return proxy;
    }

    /// <summary>Ends it with all its connections, and starts it again at the same address.</summary>
    public async Task Restart(CancellationToken ct)
    {
        await _process.Kill(ct);
        await Start(ct);
    }

    /// <summary>Makes a client of this process trust it.</summary>
    public void TrustIn(SocketsHttpHandler handler) =>
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { _certificates.Authority },
            },
        };

    /// <summary>With the rest of the test's processes it ends at the end of the test.</summary>
    public void Dispose() => _certificates.Dispose();

    private async Task Start(CancellationToken ct)
    {
        string[] arguments = Name == "haproxy" ? ["-db", "-f", HaproxyFile()] : ["-p", _folder, "-c", NginxFile()];
        _process = _mesh.StartBeside(_program, arguments);
        await Eventually.Is(Listens, listens => listens, $"{Name} listens: {_process.Output.Tail}", ct);
    }

    private async Task<bool> Listens()
    {
        if (_process.HasExited)
            throw new InvalidOperationException($"{Name} ended:\n{_process.Output.Tail}");
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, _port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string HaproxyFile() =>
        Written(
            "haproxy.cfg",
            Documented("haproxy"),
            ("bind :443 ", $"bind 127.0.0.1:{_port} "),
            ("/etc/haproxy/mesh.pem", Path.Combine(_folder, "mesh.pem"))
        );

    private string NginxFile()
    {
        Written(
            "mesh.conf",
            Documented("nginx"),
            ("listen 443 ", $"listen 127.0.0.1:{_port} "),
            ("mesh.example.com", "localhost"),
            ("/etc/nginx/mesh.crt", _certificates.ServerFile),
            ("/etc/nginx/mesh.key", _certificates.ServerKeyFile)
        );
        return Written("nginx.conf", NginxMain, ("FOLDER", _folder));
    }

    private string Written(string file, string text, params (string Documented, string Here)[] changes)
    {
        foreach (var (documented, here) in changes)
        {
            Assert.Contains(documented, text, StringComparison.Ordinal);
            text = text.Replace(documented, here, StringComparison.Ordinal);
        }

        var path = Path.Combine(_folder, file);
        File.WriteAllText(path, text);
        return path;
    }

    // The control plane's ports are the default ones there.
    private string Documented(string language)
    {
        var page = File.ReadAllText(Path.Combine(Artifacts.Repository, "docs", "proxies.md"));
        var block = Assert.Single(page.Split($"```{language}\n").Skip(1)).Split("```")[0];
        Assert.Contains("127.0.0.1:8081", block, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:8080", block, StringComparison.Ordinal);
        return block
            .Replace("127.0.0.1:8081", new Uri(_mesh.Address).Authority, StringComparison.Ordinal)
            .Replace("127.0.0.1:8080", new Uri(_mesh.JsonAddress).Authority, StringComparison.Ordinal)
            .Replace("port 8082", $"port {new Uri(_mesh.ManagementAddress).Port}", StringComparison.Ordinal);
    }
}
