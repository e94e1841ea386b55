using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>
/// A real Kubernetes control plane on loopback: etcd, API server with RBAC, and where the executables are there also
/// controllers and scheduler, one <see cref="FakeNode"/> whose kubelet a <see cref="FakeKubelet"/> plays, and a
/// provisioner of volumes. Takes about 8 s to start: share one per test assembly, and give each test its own
/// <see cref="TestNamespace"/>.
/// </summary>
/// <remarks>Nothing of it outlives the test process, even one that is killed.</remarks>
public sealed class KubernetesControlPlane : IAsyncDisposable
{
    private static readonly string[] AdminGroups = ["system:masters"];

    private readonly ControlPlaneLayout _layout;
    private readonly Stack<IAsyncDisposable> _running = new();
    private ServerProcess? _apiServer;

    private KubernetesControlPlane(ControlPlaneLayout layout, bool controllers)
    {
        _layout = layout;
        HasControllers = controllers && layout.Binaries.HasControllers;
        Admin = layout.Connect();
    }

    /// <summary>
    /// True where a missing API server must fail tests instead of skipping them: <c>MESH_REQUIRE_KUBERNETES=1</c>.
    /// </summary>
    public static bool Required => Environment.GetEnvironmentVariable("MESH_REQUIRE_KUBERNETES") == "1";

    /// <summary>A storage class that never exists: claims that name it stay without a volume.</summary>
    public const string AbsentStorageClass = "absent";

    /// <summary>The cluster as its administrator sees it.</summary>
    public ClusterApi Admin { get; }

    /// <summary>The API server's address.</summary>
    public Uri Address => _layout.Address;

    /// <summary>The version of the API server.</summary>
    public Version Version => _layout.Binaries.Version;

    /// <summary>Whether controllers, scheduler and a node are there: without them no pod is ever made.</summary>
    public bool HasControllers { get; }

    /// <summary>The kubelet of the one node; each namespace's pods can be played in their own way.</summary>
    public FakeKubelet Kubelet { get; private set; } = null!;

    /// <summary>The node that pods are scheduled to.</summary>
    public FakeNode Node { get; private set; } = null!;

    /// <summary>Starts a control plane and waits until it is ready.</summary>
    /// <exception cref="KubernetesUnavailableException">No executables are there.</exception>
    /// <exception cref="InvalidOperationException">They are, but didn't start; the message holds the end of the
    /// log.</exception>
    public static Task<KubernetesControlPlane> Start(CancellationToken ct) => Start(controllers: true, ct);

    /// <summary>
    /// Starts one and waits until it is ready; without controllers, objects stay as the test makes them.
    /// </summary>
    public static async Task<KubernetesControlPlane> Start(bool controllers, CancellationToken ct)
    {
        var binaries = await KubernetesBinaries.Find(ct);
        const int mostAttempts = 3;
        for (var attempt = 1; ; attempt++)
        {
            // A port that was free when it was chosen can be taken by the time a server listens: then once more.
            var controlPlane = new KubernetesControlPlane(ControlPlaneLayout.Create(binaries), controllers);
            try
            {
                await controlPlane.StartServers(ct);
                return controlPlane;
            }
            catch (InvalidOperationException) when (attempt < mostAttempts)
            {
                await controlPlane.DisposeAsync();
            }
            catch
            {
                await controlPlane.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>
    /// A kubeconfig file by which its holder is a user; one without rights, until a Role is bound to it.
    /// </summary>
    public string KubeconfigFor(string user, string ns = "default", params IReadOnlyList<string> groups) =>
        _layout.WriteKubeconfig(user, ns, groups);

    /// <summary>A new namespace with a ServiceAccount that may do exactly what the rules say.</summary>
    public Task<TestNamespace> CreateNamespace(Func<string, IEnumerable<PolicyRule>> rules, CancellationToken ct) =>
        TestNamespace.Create(this, rules, ct);

    /// <summary>Kills the API server as a crash would; nobody answers until <see cref="StartApiServer"/>.</summary>
    public async Task KillApiServer()
    {
        if (_apiServer is { } running)
            await running.DisposeAsync();
        _apiServer = null;
    }

    /// <summary>Starts the API server again, on the same address and data.</summary>
    public async Task StartApiServer(CancellationToken ct)
    {
        _apiServer = ServerProcess.Start(
            _layout.Binaries.Path("kube-apiserver"),
            _layout.Folder,
            _layout.ApiServerArguments()
        );
        await Ready(_apiServer, "readyz", ct);
    }

    /// <summary>Writes a file that only its owner reads into the run's own folder, and returns its path.</summary>
    internal string WriteSecret(string name, string content) => _layout.WriteSecret(name, content);

    /// <summary>A certificate for 127.0.0.1 that the run's authority has signed.</summary>
    internal X509Certificate2 LoadServerCertificate() =>
        X509Certificate2.CreateFromPemFile(_layout.Certificates.ServerFile, _layout.Certificates.ServerKeyFile);

    internal string AuthorityPem => _layout.Certificates.Authority.ExportCertificatePem();

    /// <summary>Stops everything at once and removes its files.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_running.TryPop(out var part))
            await part.DisposeAsync();
        await KillApiServer();
        Admin.Dispose();
        _layout.Dispose();
    }

    private async Task StartServers(CancellationToken ct)
    {
        Run("etcd", _layout.EtcdArguments());
        await StartApiServer(ct);
        if (!HasControllers)
            return;

        var admin = KubeconfigFor("admin", groups: AdminGroups);
        Run("kube-controller-manager", _layout.ControllerArguments(admin));
        Run("kube-scheduler", _layout.SchedulerArguments(admin));
        Node = await FakeNode.Register(this, "node-1", ct);
        Kubelet = FakeKubelet.Start(this, Node);
        _running.Push(Kubelet);
        _running.Push(PersistentVolumes.Provision(this));

        // The controller manager has begun its work once it has given a namespace its account.
        var path = "api/v1/namespaces/default/serviceaccounts/default";
        using var limit = Limit(ct);
        await Admin.Until(path, account => account is not null, limit.Token);
    }

    private void Run(string name, IEnumerable<string> arguments) =>
        _running.Push(ServerProcess.Start(_layout.Binaries.Path(name), _layout.Folder, arguments));

    private async Task Ready(ServerProcess server, string path, CancellationToken ct)
    {
        using var limit = Limit(ct);
        try
        {
            while (await Admin.Knock(path, limit.Token) != HttpStatusCode.OK)
            {
                if (server.Ended)
                    throw new InvalidOperationException($"{server.Name} ended: {await server.LogTail(ct)}");
                await Task.Delay(TimeSpan.FromMilliseconds(100), limit.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new InvalidOperationException(
                $"{server.Name} isn't ready after 2 minutes: {await server.LogTail(ct)}"
            );
        }
    }

    private static CancellationTokenSource Limit(CancellationToken ct)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        return limit;
    }
}
