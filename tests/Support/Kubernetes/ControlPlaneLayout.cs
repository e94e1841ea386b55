using System.Net;
using System.Net.Sockets;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>Files, ports and arguments of one control plane.</summary>
internal sealed class ControlPlaneLayout : IDisposable
{
    // Newer controllers and schedulers have no insecure port that would have to be switched off.
    private static readonly Version LastWithInsecurePort = new(1, 23, int.MaxValue);

    private readonly int[] _ports = FreePorts(5);
    private int _files;

    private ControlPlaneLayout(KubernetesBinaries binaries, string folder)
    {
        Binaries = binaries;
        Folder = folder;
        Certificates = new ClusterCertificates(folder);
        Address = new Uri($"https://127.0.0.1:{_ports[0]}/");
    }

    public KubernetesBinaries Binaries { get; }

    public string Folder { get; }

    public ClusterCertificates Certificates { get; }

    public Uri Address { get; }

    private string EtcdAddress => $"http://127.0.0.1:{_ports[1]}";

    private string[] NoInsecurePort => Binaries.Version <= LastWithInsecurePort ? ["--port=0"] : [];

    public static ControlPlaneLayout Create(KubernetesBinaries binaries) =>
        new(binaries, Directory.CreateTempSubdirectory("coder-mesh-kubernetes-").FullName);

    public ClusterApi Connect()
    {
        var (certificate, key) = Certificates.IssueClient("admin", ["system:masters"]);
        return new ClusterApi(Address, Certificates.Authority, certificate, key);
    }

    public string WriteKubeconfig(string user, string ns, IReadOnlyList<string> groups)
    {
        var (certificate, key) = Certificates.IssueClient(user, groups);
        var authority = Certificates.Authority.ExportCertificatePem();
        return WriteSecret(
            "kubeconfig",
            Kubeconfig.ForCertificate(Address.AbsoluteUri, authority, ns, certificate, key)
        );
    }

    public string WriteSecret(string name, string content)
    {
        var path = Path.Combine(Folder, $"{name}-{Interlocked.Increment(ref _files)}");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        using var writer = new StreamWriter(file);
        writer.Write(content);
        return path;
    }

    public IEnumerable<string> EtcdArguments() =>
        [
            $"--data-dir={Path.Combine(Folder, "etcd")}",
            $"--listen-client-urls={EtcdAddress}",
            $"--advertise-client-urls={EtcdAddress}",
            $"--listen-peer-urls=http://127.0.0.1:{_ports[2]}",
            "--unsafe-no-fsync",
        ];

    public IEnumerable<string> ApiServerArguments() =>
        [
            $"--etcd-servers={EtcdAddress}",
            $"--cert-dir={Folder}",
            $"--tls-cert-file={Certificates.ServerFile}",
            $"--tls-private-key-file={Certificates.ServerKeyFile}",
            $"--client-ca-file={Certificates.AuthorityFile}",
            $"--secure-port={_ports[0]}",
            "--bind-address=127.0.0.1",
            "--service-account-issuer=https://127.0.0.1",
            $"--service-account-key-file={Certificates.ServiceAccountPublicFile}",
            $"--service-account-signing-key-file={Certificates.ServiceAccountKeyFile}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
            "--allow-privileged=true",
        ];

    public IEnumerable<string> ControllerArguments(string kubeconfig) =>
        [
            .. Follower(kubeconfig, _ports[3]),
            $"--service-account-private-key-file={Certificates.ServiceAccountKeyFile}",
            $"--root-ca-file={Certificates.AuthorityFile}",
            "--pvclaimbinder-sync-period=1s",
            "--controllers=*,-nodeipam,-cloud-node-lifecycle,-nodelifecycle,-route,-service,-ttl",
        ];

    public IEnumerable<string> SchedulerArguments(string kubeconfig) => Follower(kubeconfig, _ports[4]);

    public void Dispose()
    {
        Certificates.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private IEnumerable<string> Follower(string kubeconfig, int port) =>
        [
            $"--kubeconfig={kubeconfig}",
            $"--secure-port={port}",
            $"--cert-dir={Folder}",
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            .. NoInsecurePort,
        ];

    private static int[] FreePorts(int count)
    {
        // All are held until the last is found, so that they differ.
        var held = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        try
        {
            held.ForEach(listener => listener.Start());
            return [.. held.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            held.ForEach(listener => listener.Dispose());
        }
    }
}
