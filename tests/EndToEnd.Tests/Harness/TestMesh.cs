using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>
/// A deployment of a test's own: published control plane with embedded PostgreSQL, agent, CLI and API.
/// </summary>
internal sealed class TestMesh : IAsyncDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(30);

    private readonly Scratch _scratch = new();
    private readonly GrpcChannel _channel;
    private ChildProcess? _controlPlane;
    private ChildProcess? _agent;

    private readonly IReadOnlyDictionary<string, string> _settings;

    private TestMesh(IReadOnlyDictionary<string, string> settings)
    {
        _settings = settings;
        AgentAddress = CliAddress = Address = $"http://127.0.0.1:{FreePorts.Take()}";
        DataFolder = _scratch["data"];
        Store = new Store(DataFolder);
        // A control plane that was killed a few times in a row is looked for as eagerly as one that was killed once.
        _channel = GrpcChannel.ForAddress(Address, new() { MaxReconnectBackoff = TimeSpan.FromSeconds(1) });
        var api = _channel.Intercept(new ExplainedFailures(() => ControlPlane)).Intercept(Authorize);
        (Providers, Workspaces) = (new(api), new(api));
    }

    public string Address { get; }

    /// <summary>Where agents that are started from now on find the control plane.</summary>
    public string AgentAddress { get; set; }

    /// <summary>Where <c>mesh</c> finds it.</summary>
    public string CliAddress { get; set; }

    /// <summary>More variables for agents and <c>mesh</c>, for those that are started from now on.</summary>
    public Dictionary<string, string> ClientEnvironment { get; } = [];

    /// <summary>The JSON listener's address.</summary>
    public string JsonAddress { get; private set; } = "";

    public string ManagementAddress { get; private set; } = "";

    public string DataFolder { get; }

    public Store Store { get; }

    public ProviderService.ProviderServiceClient Providers { get; }

    public WorkspaceService.WorkspaceServiceClient Workspaces { get; }

    public ChildProcess ControlPlane => _controlPlane!;

    public ChildProcess Agent => _agent!;

    public static DateTime Deadline => DateTime.UtcNow + CallLimit;

    private string AdminTokenFile => Path.Combine(DataFolder, "admin-token");

    private Dictionary<string, string> ControlPlaneSettings =>
        new(_settings)
        {
            ["Mesh__DataFolder"] = DataFolder,
            ["Mesh__GrpcAddress"] = Address,
            ["Mesh__HttpAddress"] = "http://127.0.0.1:0",
            ["Mesh__ManagementAddress"] = "http://127.0.0.1:0",
        };

    /// <summary>A control plane on a new database, and no agent.</summary>
    /// <param name="settings">Of the control plane, beside those that make it the test's own.</param>
    public static async Task<TestMesh> Start(CancellationToken ct, IReadOnlyDictionary<string, string>? settings = null)
    {
        var mesh = new TestMesh(settings ?? new Dictionary<string, string>());
        try
        {
            await mesh.StartControlPlane(ct);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same with an agent of a simulated cluster, which is Ready.</summary>
    public static async Task<TestMesh> StartReady(
        CancellationToken ct,
        IReadOnlyDictionary<string, string>? settings = null
    )
    {
        var mesh = await Start(ct, settings);
        try
        {
            mesh.StartSimulatedAgent();
            await mesh.UntilProvider(IsReady, "the built-in provider is Ready", ct);
            return mesh;
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    /// <summary>What a service of somebody's own has.</summary>
    public MeshClient Client() => Client(Address);

    /// <summary>The same, with the variables of <see cref="ClientEnvironment"/>.</summary>
    /// <param name="address">Where it calls.</param>
    /// <param name="transport">Changes how it connects: an authority of the test's own is trusted by no process that
    /// runs already.</param>
    public MeshClient Client(string address, Action<SocketsHttpHandler>? transport = null) =>
        new(
            new MeshClientOptions
            {
                Address = new Uri(address),
                Token = async ct => (await File.ReadAllTextAsync(AdminTokenFile, ct)).Trim(),
                AllowPlaintext = true,
            },
            time: null,
            logs: null,
            name => ClientEnvironment.GetValueOrDefault(name),
            transport
        );

    public static bool IsReady(Provider provider) =>
        provider is { Status: ProviderStatus.Ready, Agent.Attached: true, StatusCode: "" };

    /// <summary>
    /// Starts it, for the first time or again, on the same address and data, and waits until it serves.
    /// </summary>
    public async Task StartControlPlane(CancellationToken ct)
    {
        _controlPlane = ChildProcess.Start(_scratch, Artifacts.ControlPlane, [], ControlPlaneSettings);
        (_, JsonAddress, ManagementAddress) = await _controlPlane.Serves(ct);
    }

    /// <summary>Another control plane on the same database, on an address of its own.</summary>
    public async Task<(ChildProcess Process, string Address)> StartReplica(CancellationToken ct)
    {
        var address = $"http://127.0.0.1:{FreePorts.Take()}";
        var settings = new Dictionary<string, string>(ControlPlaneSettings)
        {
            ["Mesh__DataFolder"] = _scratch["replica"],
            ["Mesh__GrpcAddress"] = address,
            ["ConnectionStrings__Mesh"] = Store.ConnectionString.Replace(
                ";Pooling=false",
                "",
                StringComparison.Ordinal
            ),
        };
        var process = ChildProcess.Start(_scratch, Artifacts.ControlPlane, [], settings);
        await process.Line($"Serving gRPC at {address}", ct);
        return (process, address);
    }

    /// <summary>Runs <c>mesh-control-plane</c> beside the deployment's own until it ends.</summary>
    public async Task<ChildProcess> RunControlPlane(
        string[] arguments,
        Dictionary<string, string> settings,
        CancellationToken ct
    )
    {
        var process = ChildProcess.Start(
            _scratch,
            Artifacts.ControlPlane,
            arguments,
            ControlPlaneSettings.Where(s => !settings.ContainsKey(s.Key)).Concat(settings)
        );
        await process.ExitWithOutput(ct);
        return process;
    }

    /// <summary>
    /// Starts the agent of the built-in provider, for the first time or again, in the same simulated namespace.
    /// </summary>
    public void StartSimulatedAgent(params string[] more) =>
        StartAgent(["--cluster", "simulated", "--simulated-state", _scratch["simulated-cluster.json"], .. more]);

    public void StartAgent(params string[] clusterOptions) =>
        _agent = Agents(Path.Combine(DataFolder, "builtin-agent-token"), clusterOptions);

    /// <summary>Starts the agent of another provider, in a simulated namespace of its own.</summary>
    public ChildProcess StartAgentOf(string provider, string tokenFile) =>
        Agents(tokenFile, ["--cluster", "simulated", "--simulated-state", _scratch[$"simulated-{provider}.json"]]);

    /// <summary>Starts another program, which ends with this deployment.</summary>
    public ChildProcess StartBeside(string program, params string[] arguments) =>
        ChildProcess.Start(_scratch, program, arguments);

    /// <summary>A file of this deployment, which is gone with it.</summary>
    public string FileOf(string name) => _scratch[name];

    private ChildProcess Agents(string tokenFile, string[] clusterOptions) =>
        ChildProcess.Start(
            _scratch,
            Artifacts.Agent,
            [
                "--access-url",
                AgentAddress,
                "--token-file",
                tokenFile,
                "--health-address",
                "127.0.0.1:0",
                .. clusterOptions,
            ],
            ClientEnvironment
        );

    /// <summary>Starts <c>mesh</c> as an admin of this deployment, and leaves it running.</summary>
    public ChildProcess StartCli(params string[] arguments) => StartCli(AdminTokenFile, arguments);

    private ChildProcess StartCli(string tokenFile, string[] arguments) =>
        ChildProcess.Start(
            _scratch,
            Artifacts.Cli,
            [.. arguments, "--address", CliAddress, "--token-file", tokenFile],
            ClientEnvironment
        );

    /// <summary>Runs <c>mesh</c> as an admin of this deployment, and expects that it is refused.</summary>
    /// <returns>What it wrote to stderr.</returns>
    public async Task<string> CliRefused(int exitCode, CancellationToken ct, params string[] arguments)
    {
        var process = StartCli(arguments);
        Assert.Equal(exitCode, await process.ExitWithOutput(ct));
        return process.Output.Talk;
    }

    /// <summary>Runs <c>mesh</c> as an admin of this deployment, and returns its exit code.</summary>
    public Task<int> TryCli(CancellationToken ct, params string[] arguments) => StartCli(arguments).ExitWithOutput(ct);

    /// <summary>Runs <c>mesh</c> as an admin of this deployment, and fails if it does.</summary>
    /// <returns>What it wrote to stdout.</returns>
    public async Task<string> Cli(CancellationToken ct, params string[] arguments)
    {
        var process = await RunCli(AdminTokenFile, ct, arguments);
        return process.Output.Data;
    }

    public async Task<ChildProcess> RunCli(string tokenFile, CancellationToken ct, params string[] arguments)
    {
        var process = StartCli(tokenFile, arguments);
        var code = await process.ExitWithOutput(ct);
        Assert.True(code == 0, $"mesh {string.Join(' ', arguments)} ended with {code}:\n{process.Output.Tail}");
        return process;
    }

    public async Task<Provider> Provider(CancellationToken ct)
    {
        var answer = await Providers.ListProvidersAsync(new(), deadline: Deadline, cancellationToken: ct);
        return Assert.Single(answer.Providers);
    }

    public async Task<Provider> ProviderNamed(string name, CancellationToken ct)
    {
        var request = new GetProviderRequest { Provider = name };
        return (await Providers.GetProviderAsync(request, deadline: Deadline, cancellationToken: ct)).Provider;
    }

    public Task<Provider> UntilProvider(
        Func<Provider, bool> wanted,
        string what,
        CancellationToken ct,
        TimeSpan? patience = null
    ) => Eventually.Is(() => Provider(ct), wanted, what, ct, patience);

    /// <summary>All workspaces that have not ended.</summary>
    public async Task<IReadOnlyList<Workspace>> ListWorkspaces(CancellationToken ct)
    {
        var request = new ListWorkspacesRequest { PageSize = 100 };
        // A channel that has just lost its server waits a moment before it dials again.
        var options = new CallOptions(deadline: Deadline, cancellationToken: ct).WithWaitForReady();
        return (await Workspaces.ListWorkspacesAsync(request, options)).Workspaces;
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _scratch.DisposeAsync();
    }

    private Metadata Authorize(Metadata headers)
    {
        headers.Add("authorization", $"Bearer {File.ReadAllText(AdminTokenFile).Trim()}");
        return headers;
    }
}
