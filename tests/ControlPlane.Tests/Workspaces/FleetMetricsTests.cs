using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>What operators can count: providers by status, workspaces by state, refusals by reason.</summary>
public sealed class FleetMetricsTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    [Fact]
    public async Task Providers_are_counted_by_status_and_unfinished_workspaces_by_state()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await TestAgent.Attach(plane, (await plane.BuiltIn(Ct)).Token, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        await UntilStatus(plane, "built-in", ProviderStatus.Ready);
        var (_, broken) = await plane.CreateProvider("broken", Ct);
        using var unreachable = await TestAgent.Attach(plane, broken, Ct, h => h.Readiness = TestAgent.Unreachable());
        await UntilStatus(plane, "broken", ProviderStatus.Error);
        await plane.CreateProvider("waiting", Ct);
        await plane.CreateProvider("gone", Ct);
        await plane.Providers.DeleteProviderAsync(
            new DeleteProviderRequest { Provider = "gone" },
            plane.Admin,
            cancellationToken: Ct
        );
        await plane.CreateWorkspace("pending", Ct);
        var running = await plane.CreateWorkspace("running", Ct);
        await agent.Observe(running.Id, 1, WorkspaceState.Running, Ct);
        await UntilState(plane, "running", WorkspaceState.Running);
        var deleted = await plane.CreateWorkspace("deleted", Ct);
        await plane.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "deleted" },
            plane.Admin,
            cancellationToken: Ct
        );
        await agent.Observe(deleted.Id, 2, WorkspaceState.Deleted, Ct);
        await agent.Next(Frame.ObservedAck, Ct);
        await Eventually(
            async () =>
                (await plane.Workspaces.ListWorkspacesAsync(new ListWorkspacesRequest(), plane.Admin)).Workspaces.Count,
            count => count == 2
        );

        Assert.Equal(
            new Dictionary<string, long>
            {
                ["pending"] = 1,
                ["ready"] = 1,
                ["error"] = 1,
            },
            await Read(plane, "mesh.providers", "mesh.provider.status")
        );
        Assert.Equal(
            new Dictionary<string, long>
            {
                ["pending"] = 1,
                ["starting"] = 0,
                ["running"] = 1,
                ["stopping"] = 0,
                ["stopped"] = 0,
                ["failed"] = 0,
                ["deleting"] = 0,
            },
            await Read(plane, "mesh.workspaces", "mesh.workspace.state")
        );
    }

    [Fact]
    public async Task Every_replica_reports_the_whole_and_a_scrape_has_it()
    {
        await using var one = await TestControlPlane.Start(Postgres, Ct);
        await using var other = await TestControlPlane.Start(Postgres, Ct, database: one.Database);
        await one.CreateProvider("west", Ct);

        Assert.Equal(
            await Read(one, "mesh.providers", "mesh.provider.status"),
            await Read(other, "mesh.providers", "mesh.provider.status")
        );
        var metrics = await Http.GetStringAsync(new Uri($"{other.ManagementAddress}/metrics"), Ct);
        Assert.Matches("""mesh_providers\{[^}]*mesh_provider_status="pending"[^}]*\} \d""", metrics);
        Assert.Matches("""mesh_workspaces\{[^}]*mesh_workspace_state="running"[^}]*\} \d""", metrics);
    }

    [Fact]
    public async Task Numbers_that_are_old_are_not_reported()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var time = new FakeTimeProvider();
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        using var metrics = new FleetMetrics(meters, plane.Services.GetRequiredService<NpgsqlDataSource>(), time);
        using var collector = new MetricCollector<long>(meters, Meters.Name, "mesh.providers");

        Assert.Empty(Recorded(collector));
        await metrics.Count(Ct);
        time.Advance(FleetMetrics.MaxAge);
        Assert.Equal(3, Recorded(collector).Count);
        time.Advance(TimeSpan.FromTicks(1));
        Assert.Empty(Recorded(collector));
    }

    [Fact]
    public async Task Refusals_are_counted_by_reason_once_each_bad_tokens_too()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var meters = plane.Services.GetRequiredService<IMeterFactory>();
        using var api = new MetricCollector<long>(meters, Meters.Name, "mesh.api.refusals");
        using var agents = new MetricCollector<long>(meters, Meters.Name, "mesh.agent.refusals");
        var (_, agentToken) = await plane.CreateProvider("west", Ct);

        await Get(plane, "west", []);
        await Send(plane, "GET", "/v1/providers", token: "");
        await Get(plane, "west", Token("nonsense"));
        await Get(plane, "west", Token(Tokens.Create(TokenKind.Api)));
        await Send(plane, "GET", "/v1/providers", token: agentToken);
        await Get(plane, "nowhere", plane.Admin);
        await Send(plane, "GET", "/v1/providers/nowhere");
        await Get(plane, "", plane.Admin);
        await Send(plane, "POST", "/v1/providers", """{"name": "No Name"}""");
        await Send(plane, "POST", "/v1/providers", "{");
        await Send(plane, "PUT", "/v1/providers", "{}");
        await Send(plane, "GET", "/v1/nothing");
        await TestAgent.Open(plane, Tokens.Create(TokenKind.Provider)).End(Ct);
        await TestAgent.Open(plane, plane.AdminToken).End(Ct);
        using var unsupported = TestAgent.Open(plane, agentToken);
        await unsupported.Send(
            new ConnectRequest
            {
                Hello = TestAgent.Hello(h => (h.MinProtocolVersion, h.MaxProtocolVersion) = (900, 901)),
            },
            Ct
        );
        await unsupported.End(Ct);

        Assert.Equal(
            new Dictionary<string, long>
            {
                [ErrorReasons.TokenMissing] = 2,
                [ErrorReasons.TokenInvalid] = 2,
                [ErrorReasons.PermissionDenied] = 1,
                [ErrorReasons.ProviderNotFound] = 2,
                [ErrorReasons.InvalidArgument] = 2,
                [ErrorReasons.BodyInvalid] = 1,
                [ErrorReasons.MethodNotAllowed] = 1,
                [ErrorReasons.RouteNotFound] = 1,
            },
            Sums(api, "mesh.reason")
        );
        Assert.Equal(
            new Dictionary<string, long>
            {
                [ErrorReasons.TokenInvalid] = 1,
                [ErrorReasons.PermissionDenied] = 1,
                [ErrorReasons.VersionUnsupported] = 1,
            },
            Sums(agents, "mesh.reason")
        );
    }

    private static Metadata Token(string token) => new() { { "authorization", $"Bearer {token}" } };

    private static Task Get(TestControlPlane plane, string provider, Metadata headers) =>
        Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Providers.GetProviderAsync(
                new GetProviderRequest { Provider = provider },
                headers,
                cancellationToken: Ct
            )
        );

    private static async Task<Dictionary<string, long>> Read(TestControlPlane plane, string instrument, string tag)
    {
        await plane.Services.GetRequiredService<FleetMetrics>().Count(Ct);
        using var collector = new MetricCollector<long>(
            plane.Services.GetRequiredService<IMeterFactory>(),
            Meters.Name,
            instrument
        );
        return Recorded(collector).ToDictionary(m => (string)m.Tags[tag]!, m => m.Value);
    }

    private static IReadOnlyList<CollectedMeasurement<long>> Recorded(MetricCollector<long> collector)
    {
        collector.Clear();
        collector.RecordObservableInstruments();
        return collector.GetMeasurementSnapshot();
    }

    private static Dictionary<string, long> Sums(MetricCollector<long> collector, string tag) =>
        collector
            .GetMeasurementSnapshot()
            .GroupBy(m => (string)m.Tags[tag]!)
            .ToDictionary(g => g.Key, g => g.Sum(m => m.Value));
}
