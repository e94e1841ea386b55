using System.Net;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests.Proxies;

/// <summary>
/// Agent, <c>mesh</c> and client library with the variables that name a proxy. <c>mesh.test</c> is a name that only the
/// proxy knows: who gets there went through it.
/// </summary>
public sealed class ProxyVariableTests : IAsyncDisposable
{
    private const string Dead = "http://127.0.0.1:1";
    private const string Login = "us er:p@ss:word";
    private const string LoginInUrl = "us%20er:p%40ss%3Aword";

    private TestMesh? _mesh;
    private TlsProxy? _tls;
    private ForwardProxy? _proxy;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private TestMesh Mesh => _mesh!;

    private ForwardProxy Proxy => _proxy!;

    [Theory]
    [InlineData("https_proxy", "{0}", null)]
    [InlineData("HTTPS_PROXY", "http://{0}/", null)]
    [InlineData("ALL_PROXY", "http://" + LoginInUrl + "@{0}", Login)]
    [InlineData("all_proxy", "socks5://{0}", null)]
    [InlineData("https_proxy", "socks5h://" + LoginInUrl + "@{0}", Login)]
    public async Task Https_goes_through_the_proxy_that_is_named(string variable, string value, string? login)
    {
        await StartBehindTls();
        StartProxy("mesh.test:443", _tls!.Endpoint, login);
        Mesh.ClientEnvironment[variable] = string.Format(null, value, Proxy.Endpoint);
        Mesh.AgentAddress = Mesh.CliAddress = "https://mesh.test";

        Mesh.StartSimulatedAgent();
        await Works("https://mesh.test", _tls.TrustIn);

        var asked = value.StartsWith("socks", StringComparison.Ordinal) ? "SOCKS" : "CONNECT";
        Assert.All(Proxy.Asked, a => Assert.Equal($"{asked} mesh.test:443", a));
        // The agent, mesh twice, and the client library: each with a connection of its own.
        Assert.True(Proxy.Asked.Count >= 4, string.Join('\n', Proxy.Asked));
        Assert.Contains($"{Proxy.Endpoint} ({variable})", Mesh.Agent.Output.Data, StringComparison.Ordinal);
        Assert.DoesNotContain("ss:word", Mesh.Agent.Output.Tail, StringComparison.Ordinal);
        Assert.DoesNotContain("%3Aword", Mesh.Agent.Output.Tail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_text_goes_through_a_SOCKS_proxy_and_past_an_HTTP_proxy()
    {
        _mesh = await TestMesh.Start(Ct);
        StartProxy("mesh.test:8081", IPEndPoint.Parse(new Uri(Mesh.Address).Authority), login: null);
        Mesh.ClientEnvironment["MESH_ALLOW_PLAINTEXT"] = "true";
        Mesh.ClientEnvironment["http_proxy"] = $"socks5://{Proxy.Endpoint}";
        Mesh.AgentAddress = "http://mesh.test:8081";
        Mesh.StartSimulatedAgent();
        await Mesh.UntilProvider(TestMesh.IsReady, "the agent is there through the SOCKS proxy", Ct);
        Assert.Equal(["SOCKS mesh.test:8081"], Proxy.Asked);

        Mesh.ClientEnvironment["MESH_ALLOW_PLAINTEXT"] = "1";
        Mesh.ClientEnvironment["http_proxy"] = Proxy.Endpoint;
        Mesh.CliAddress = Mesh.AgentAddress;
        await Mesh.CliRefused(7, Ct, "providers", "ls");
        Assert.Equal(["SOCKS mesh.test:8081"], Proxy.Asked);
    }

    [Theory]
    [InlineData("https://mesh.test", "mesh.test")]
    [InlineData("https://203.0.113.1", "example.com, 203.0.113.0/24")]
    public async Task What_no_proxy_lists_is_not_asked_of_the_proxy(string address, string list)
    {
        _mesh = await TestMesh.Start(Ct);
        _proxy = ForwardProxy.Start(new Dictionary<string, IPEndPoint>());
        Mesh.AgentAddress = Mesh.CliAddress = address;
        Mesh.ClientEnvironment["ALL_PROXY"] = Proxy.Endpoint;
        string[] command = ["providers", "ls", "--request-timeout", "3s"];
        var refused = await Mesh.CliRefused(7, Ct, command);
        Assert.Contains($"the proxy http://{Proxy.Endpoint} (ALL_PROXY)", refused, StringComparison.Ordinal);
        var asked = Assert.Single(Proxy.Asked);

        Mesh.ClientEnvironment["NO_PROXY"] = list;
        refused = await Mesh.CliRefused(7, Ct, command);
        Assert.DoesNotContain("the proxy http", refused, StringComparison.Ordinal);
        using (var client = Mesh.Client(address))
            await Assert.ThrowsAnyAsync<MeshException>(async () =>
                await client.Providers.ListProvidersAsync(
                    new(),
                    deadline: DateTime.UtcNow.AddSeconds(3),
                    cancellationToken: Ct
                )
            );
        Mesh.StartSimulatedAgent();
        await Mesh.Agent.Line("Cannot connect", Ct);

        Assert.Equal([asked], Proxy.Asked);
    }

    [Fact]
    public async Task Loopback_is_reached_without_a_proxy_whatever_the_variables_say()
    {
        var variables = new[] { "http_proxy", "https_proxy", "all_proxy" }
            .SelectMany(name => new[] { name, name.ToUpperInvariant() })
            .ToDictionary(name => name, _ => Dead);
        _mesh = await TestMesh.Start(Ct, variables);
        foreach (var (name, value) in variables)
            Mesh.ClientEnvironment[name] = value;
        Mesh.StartSimulatedAgent();
        await Works(Mesh.Address);

        _tls = await TlsProxy.Start("haproxy", Mesh, Ct);
        await Mesh.Agent.Kill(Ct);
        Mesh.StartSimulatedAgent();
        await Works(_tls.Address, _tls.TrustIn);
    }

    [Fact]
    public async Task Telemetry_and_the_Kubernetes_API_go_through_it_too()
    {
        _proxy = ForwardProxy.Start(new Dictionary<string, IPEndPoint>());
        var telemetry = new Dictionary<string, string>
        {
            ["HTTPS_PROXY"] = Proxy.Endpoint,
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
        };
        _mesh = await TestMesh.Start(
            Ct,
            new Dictionary<string, string>(telemetry) { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://planes.test:4317" }
        );
        telemetry["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://agents.test:4317";
        foreach (var (name, value) in telemetry)
            Mesh.ClientEnvironment[name] = value;
        var kubeconfig = Mesh.FileOf("kubeconfig");
        await File.WriteAllTextAsync(
            kubeconfig,
            """
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{ name: c, context: { cluster: c, user: u, namespace: dev } }]
            clusters: [{ name: c, cluster: { server: "https://kube.test:6443" } }]
            users: [{ name: u, user: { token: t } }]
            """,
            Ct
        );
        Mesh.StartAgent("--kubeconfig", kubeconfig);

        foreach (var target in new[] { "planes.test:4317", "agents.test:4317", "kube.test:6443" })
            await Eventually.Is(
                () => Task.FromResult(Proxy.Asked),
                asked => asked.Contains($"CONNECT {target}"),
                $"{target} is asked for",
                Ct
            );
    }

    [Fact]
    public async Task A_variable_that_names_no_proxy_is_told_before_anything_is_sent()
    {
        const string Rule = "The environment variable https_proxy must be the address of a proxy, such as";
        _mesh = await TestMesh.Start(Ct);
        Mesh.ClientEnvironment["https_proxy"] = "ftp://user:hush@proxy";
        Mesh.AgentAddress = Mesh.CliAddress = "https://mesh.test";

        var refused = await Mesh.CliRefused(2, Ct, "providers", "ls");
        Mesh.StartSimulatedAgent();

        Assert.Contains(Rule, refused, StringComparison.Ordinal);
        Assert.Equal(2, await Mesh.Agent.ExitWithOutput(Ct));
        Assert.Contains($"mesh-agent: {Rule}", Mesh.Agent.Output.Talk, StringComparison.Ordinal);
        var thrown = Assert.Throws<Protocol.Network.ProxyVariableException>(() => Mesh.Client("https://mesh.test"));
        Assert.Equal("https_proxy", thrown.Variable);
        Assert.All(
            [refused, Mesh.Agent.Output.Tail, thrown.Message],
            text => Assert.DoesNotContain("hush", text, StringComparison.Ordinal)
        );
    }

    public async ValueTask DisposeAsync()
    {
        _tls?.Dispose();
        if (_mesh is not null)
            await _mesh.DisposeAsync();
        if (_proxy is not null)
            await _proxy.DisposeAsync();
    }

    private async Task StartBehindTls()
    {
        InstalledTool.Find("haproxy");
        _mesh = await TestMesh.Start(Ct);
        _tls = await TlsProxy.Start("haproxy", _mesh, Ct);
    }

    private void StartProxy(string name, IPEndPoint target, string? login) =>
        _proxy = ForwardProxy.Start(new Dictionary<string, IPEndPoint> { [name] = target }, login);

    // The agent that runs, mesh, and the client library with a watch.
    private async Task Works(string address, Action<SocketsHttpHandler>? transport = null)
    {
        await Mesh.UntilProvider(TestMesh.IsReady, $"the agent is there: {Mesh.Agent.Output.Tail}", Ct);
        var name = $"dev-{Guid.NewGuid():n}"[..12];
        await Mesh.Cli(Ct, "workspaces", "create", name, "--wait", "--request-timeout", "1m");
        Assert.Contains(
            name,
            await Mesh.Cli(Ct, "workspaces", "ls", "--request-timeout", "1m"),
            StringComparison.Ordinal
        );

        using var client = Mesh.Client(address, transport);
        var stopped = await client.Workspaces.StopWorkspaceAsync(new() { Workspace = name }, cancellationToken: Ct);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        var filter = new WatchWorkspacesRequest { Workspace = stopped.Workspace.Id };
        await foreach (var seen in client.WatchAsync(filter, limit.Token))
            if (seen is ResourceChanged<Workspace> { Resource.State: WorkspaceState.Stopped })
                break;
    }
}
