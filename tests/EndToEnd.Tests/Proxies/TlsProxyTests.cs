using System.Net;
using System.Net.Http.Headers;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests.Proxies;

/// <summary>Everything through a proxy that ends TLS, with a heartbeat a second.</summary>
public sealed class TlsProxyTests : IAsyncDisposable
{
    private TestMesh? _mesh;
    private TlsProxy? _proxy;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TestMesh Mesh => _mesh!;

    private TlsProxy Proxy => _proxy!;

    [Theory]
    [InlineData("haproxy")]
    [InlineData("nginx")]
    public async Task Agent_CLI_client_library_and_JSON_work_through_it(string proxy)
    {
        await StartBehind(proxy);
        Mesh.StartSimulatedAgent();
        await Mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        var watching = Mesh.StartCli("workspaces", "ls", "--watch");
        await watching.Line("CHANGE ", Ct);

        using var client = Mesh.Client(Proxy.Address, Proxy.TrustIn);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await using var events = client.WatchAsync(ct: stop.Token).GetAsyncEnumerator(stop.Token);
        await Until(events, e => e is WatchSynced<Workspace>);
        await Mesh.Cli(Ct, "workspaces", "create", "dev", "--wait", "--request-timeout", "1m");
        await Until(events, e => e is ResourceChanged<Workspace> { Resource.State: WorkspaceState.Running });
        await watching.Line("running", Ct);
        await client.Workspaces.StopWorkspaceAsync(new() { Workspace = "dev" }, cancellationToken: Ct);
        await Until(events, e => e is ResourceChanged<Workspace> { Resource.State: WorkspaceState.Stopped });

        Assert.Contains("\"name\":\"dev\"", await Json("/v1/workspaces"), StringComparison.Ordinal);
        var watch = await OpenJsonWatch();
        Assert.NotEqual("", await ReadLine(watch));

        // Those who hang up, which comes through the proxy as a reset.
        await watch.DisposeAsync();
        await watching.Kill(Ct);
        await stop.CancelAsync();
        await Eventually.Is(WatchesActive, active => active == "0", "no watch is open", Ct);
        Assert.DoesNotContain(" fail: ", Mesh.ControlPlane.Output.Tail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streams_and_snapshots_of_more_than_1_MiB_and_1_000_calls_of_one_connection_pass_nginx()
    {
        const int Count = 1_100;
        await StartBehind("nginx");
        var script = Mesh.FileOf("script.json");
        await File.WriteAllTextAsync(
            script,
            $$"""{"delays": {"start": "0s"}, "failures": [{"kind": "crash_loop", "message": "{{new string('x', 1_000)}}"}]}""",
            Ct
        );
        Mesh.StartSimulatedAgent("--simulate", script);
        await Mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        using var client = Mesh.Client(Proxy.Address, Proxy.TrustIn);

        // By default nginx closes a connection after 1,000 calls, and cuts what is under way.
        var options = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Ct };
        await Parallel.ForAsync(0, Count, options, async (i, ct) => await Create(client, $"dev-{i}", ct));
        await UntilFailed(client, Count);
        var before = await Mesh.Provider(Ct);

        // Each workspace's report holds 1,000 characters of the script's: what the agent has sent is over 1 MiB, and so
        // is the snapshot with which it attaches again.
        await Proxy.Restart(Ct);
        var after = await Mesh.UntilProvider(
            p => TestMesh.IsReady(p) && p.Agent.Epoch > before.Agent.Epoch,
            "the agent is back",
            Ct
        );
        var name = await Create(client, "last", Ct);
        await UntilFailed(client, Count + 1);

        Assert.Equal("last", name);
        Assert.Equal(after.Agent.Epoch, (await Mesh.Provider(Ct)).Agent.Epoch);
    }

    public async ValueTask DisposeAsync()
    {
        _proxy?.Dispose();
        if (_mesh is not null)
            await _mesh.DisposeAsync();
    }

    private static async Task Until(
        IAsyncEnumerator<WatchEvent<Workspace>> events,
        Func<WatchEvent<Workspace>, bool> wanted
    )
    {
        do Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct));
        while (!wanted(events.Current));
    }

    private static async Task<string> Create(MeshClient client, string name, CancellationToken ct)
    {
        var answer = await client.Workspaces.CreateWorkspaceAsync(new() { Name = name }, cancellationToken: ct);
        return answer.Workspace.Name;
    }

    private static Task UntilFailed(MeshClient client, int count) =>
        Eventually.Is(
            async () =>
            {
                var states = new ListWorkspacesRequest { PageSize = 1_000, State = WorkspaceState.Failed };
                var first = await client.Workspaces.ListWorkspacesAsync(states, cancellationToken: Ct);
                states.PageToken = first.NextPageToken;
                var second = await client.Workspaces.ListWorkspacesAsync(states, cancellationToken: Ct);
                return first.Workspaces.Count + second.Workspaces.Count;
            },
            failed => failed == count,
            $"{count} workspaces have told why they failed",
            Ct,
            TimeSpan.FromMinutes(3)
        );

    private async Task StartBehind(string proxy)
    {
        InstalledTool.Find(proxy);
        var brisk = new Dictionary<string, string> { ["Mesh__AgentStream__HeartbeatInterval"] = "00:00:01" };
        _mesh = await TestMesh.Start(Ct, brisk);
        _proxy = await TlsProxy.Start(proxy, _mesh, Ct);
    }

    private async Task<string> WatchesActive()
    {
        using var http = new HttpClient();
        var metrics = await http.GetStringAsync($"{Mesh.ManagementAddress}/metrics", Ct);
        var line = metrics.Split('\n').Single(l => l.StartsWith("mesh_watches_active", StringComparison.Ordinal));
        return line.Split(' ')[1];
    }

    private async Task<string> Json(string path)
    {
        using var http = await JsonClient();
        return await http.GetStringAsync(path, Ct);
    }

    private async Task<Stream> OpenJsonWatch()
    {
        var http = await JsonClient();
        var answer = await http.GetAsync("/v1/workspaces:watch", HttpCompletionOption.ResponseHeadersRead, Ct);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStreamAsync(Ct);
    }

    private static async Task<string> ReadLine(Stream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadLineAsync(Ct).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Ct) ?? "";
    }

    private async Task<HttpClient> JsonClient()
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        Proxy.TrustIn(handler);
        var token = await File.ReadAllTextAsync(Path.Combine(Mesh.DataFolder, "admin-token"), Ct);
        return new HttpClient(handler)
        {
            BaseAddress = new Uri(Proxy.Address),
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token.Trim()) },
        };
    }
}
