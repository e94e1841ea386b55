using System.Net;
using System.Net.Sockets;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Compare;

/// <summary>The product as a child: on ports and in a data folder of its own, with its own PostgreSQL.</summary>
internal sealed class ControlPlane(string executable, string dataFolder, TimeProvider time)
{
    private const int CreatesAtOnce = 8;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    private readonly Uri _address = new($"http://127.0.0.1:{FreePort()}");

    /// <summary>Settings in addition to those that keep it apart from everything else on the machine.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Starts it, at the same address each time, without waiting for anything.</summary>
    public ServerUnderTest Launch() =>
        new(
            ChildProcess.Start("the control plane", [executable], Environment(), readsOutput: false, time),
            _address,
            dataFolder,
            time
        );

    /// <summary>Starts it, at the same address each time, and waits until it answers an administrator.</summary>
    public async Task<ServerUnderTest> Start(CancellationToken ct)
    {
        var server = Launch();
        try
        {
            await Answering(server, ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a provider per agent.</summary>
    public async Task<IReadOnlyList<AgentIdentity>> Provision(ServerUnderTest server, int count, CancellationToken ct)
    {
        using var channel = GrpcChannel.ForAddress(server.Address);
        var providers = new ProviderService.ProviderServiceClient(channel);
        var headers = await AdminHeaders(ct);
        var identities = new AgentIdentity[count];
        var bounded = new ParallelOptions { MaxDegreeOfParallelism = CreatesAtOnce, CancellationToken = ct };
        try
        {
            await Parallel.ForAsync(
                0,
                count,
                bounded,
                async (i, token) =>
                {
                    var request = new CreateProviderRequest { Name = $"load-{i:D5}" };
                    var response = await providers.CreateProviderAsync(request, headers, cancellationToken: token);
                    identities[i] = AgentIdentity.OfToken(response.Token);
                }
            );
        }
        catch (RpcException e) when (!ct.IsCancellationRequested)
        {
            throw server.Process.Failed($"refused to create a provider: {e.Status.StatusCode}, {e.Status.Detail}");
        }
        return identities;
    }

    private Dictionary<string, string?> Environment()
    {
        var environment = new Dictionary<string, string?>(ServerUnderTest.SameCollector)
        {
            ["Mesh__DataFolder"] = dataFolder,
            ["Mesh__GrpcAddress"] = _address.GetLeftPart(UriPartial.Authority),
            ["Mesh__HttpAddress"] = "http://127.0.0.1:0",
            ["Mesh__ManagementAddress"] = $"http://127.0.0.1:{FreePort()}",
            // A database that the caller's shell happens to name is no place for a thousand providers.
            ["ConnectionStrings__Mesh"] = null,
        };
        foreach (var (key, value) in Settings)
            environment[key] = value;
        return environment;
    }

    private async Task Answering(ServerUnderTest server, CancellationToken ct)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
        late.CancelAfter(Limits.Start);
        using var channel = GrpcChannel.ForAddress(server.Address);
        var providers = new ProviderService.ProviderServiceClient(channel);
        var last = "no admin-token in its data folder";
        try
        {
            while (true)
            {
                server.Process.RequireAlive();
                if (File.Exists(AdminTokenPath))
                {
                    try
                    {
                        var headers = await AdminHeaders(late.Token);
                        var request = new ListProvidersRequest { PageSize = 1 };
                        await providers.ListProvidersAsync(request, headers, cancellationToken: late.Token);
                        return;
                    }
                    catch (RpcException e) when (!late.IsCancellationRequested)
                    {
                        last = $"{e.Status.StatusCode}, {e.Status.Detail}";
                    }
                }
                await Task.Delay(Between, time, late.Token);
            }
        }
        catch (Exception e) when (!ct.IsCancellationRequested && late.IsCancellationRequested && e is not LoadException)
        {
            throw server.Process.Failed($"didn't answer in {Limits.Start.TotalSeconds:0} s ({last})");
        }
    }

    /// <summary>Gives a control plane on the same database the tokens that this one has made.</summary>
    public void ShareTokens(string otherDataFolder)
    {
        Directory.CreateDirectory(otherDataFolder);
        File.Copy(AdminTokenPath, Path.Combine(otherDataFolder, Path.GetFileName(AdminTokenPath)));
    }

    private string AdminTokenPath => Path.Combine(dataFolder, "admin-token");

    /// <summary>Of the agent that belongs to the built-in provider.</summary>
    public async Task<AgentIdentity> BuiltInAgent(CancellationToken ct) =>
        AgentIdentity.OfToken(
            (await File.ReadAllTextAsync(Path.Combine(dataFolder, "builtin-agent-token"), ct)).Trim()
        );

    /// <summary>Another administrator's token, of the running control plane.</summary>
    public async Task<string> NewToken(CancellationToken ct)
    {
        await using var process = ChildProcess.Start(
            "mesh-control-plane admin-token",
            [executable, "admin-token"],
            Environment(),
            readsOutput: true,
            time
        );
        return await process.ReadLine(ct) ?? throw process.Failed("made no token");
    }

    /// <summary>What an administrator's call carries.</summary>
    public async Task<Metadata> AdminHeaders(CancellationToken ct) =>
        new() { { "authorization", $"Bearer {(await File.ReadAllTextAsync(AdminTokenPath, ct)).Trim()}" } };

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
