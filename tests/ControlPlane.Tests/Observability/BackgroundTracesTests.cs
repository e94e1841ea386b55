using System.Collections.Concurrent;
using System.Diagnostics;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Observability;

/// <summary>What the control plane's own loops ask the database for all the time makes no traces; work does.</summary>
public sealed class BackgroundTracesTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres), IDisposable
{
    private const int Renewals = 3;
    private static readonly HttpClient Http = new();

    private readonly Exported _exported = new();

    [Fact]
    public async Task An_idle_control_plane_makes_no_traces_and_calls_and_work_have_their_database_spans()
    {
        await using var plane = await Start();
        await Idle(plane);

        // Of other control planes of this process there may be some.
        Assert.Empty(Spans(plane).Select(s => s.DisplayName));

        await plane.Providers.ListProvidersAsync(new ListProvidersRequest(), plane.Admin, cancellationToken: Ct);
        await Eventually(() => Task.FromResult(Roots(plane)), r => r.Any(IsCall));

        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        await agent.Heartbeat(Ct, TestAgent.Unreachable());
        await UntilStatus(plane, id, ProviderStatus.Error);

        await Eventually(
            () => Task.FromResult(Roots(plane).Select(r => r.DisplayName).ToHashSet()),
            names => names.IsSupersetOf(["agent.receive hello", "agent.compare", "presence.store", "access_log.store"])
        );
        Assert.All(Roots(plane), r => Assert.NotEqual("Npgsql", r.Source.Name));
    }

    [Fact]
    public async Task Scrapes_and_probes_make_no_traces()
    {
        await using var plane = await Start();
        foreach (var path in (string[])["/metrics", "/health/live", "/health/ready", "/health/started", "/nothing"])
            using (await Http.GetAsync(new Uri(plane.ManagementAddress + path), Ct)) { }
        var health = new Grpc.Health.V1.Health.HealthClient(plane.Channel);
        await health.CheckAsync(new Grpc.Health.V1.HealthCheckRequest(), cancellationToken: Ct);
        // Comes after them, and is traced.
        await plane.Providers.ListProvidersAsync(new ListProvidersRequest(), plane.Admin, cancellationToken: Ct);
        await Eventually(() => Task.FromResult(Calls(plane)), c => c.Count > 0);

        Assert.Equal(
            ["/coder.mesh.v1.ProviderService/ListProviders"],
            Calls(plane).Select(c => c.GetTagItem("url.path") as string)
        );
    }

    public void Dispose() => _exported.Dispose();

    private Task<TestControlPlane> Start() =>
        TestControlPlane.Start(
            Postgres,
            Ct,
            services: s =>
                s.AddOpenTelemetry()
                    .WithTracing(t =>
                    {
                        ObservabilityRegistration.Trace(t);
                        t.AddProcessor(_exported);
                    })
        );

    /// <summary>Until the lease, the slowest of the loops that poll, has gone round a few times.</summary>
    private static async Task Idle(TestControlPlane plane)
    {
        var database = plane.Services.GetRequiredService<NpgsqlDataSource>();
        DateTime? last = null;
        for (var i = 0; i <= Renewals; i++)
        {
            var now = await Eventually(
                async () =>
                {
                    await using var command = database.CreateCommand("select max(renewed_at) from mesh.mesh_replica");
                    return await command.ExecuteScalarAsync(Ct) as DateTime?;
                },
                at => at is not null && at != last
            );
            last = now;
        }
    }

    /// <summary>Of this control plane: its database's spans, and all that are in a trace with one of them.</summary>
    private List<Activity> Spans(TestControlPlane plane)
    {
        var database = new NpgsqlConnectionStringBuilder(plane.Database).Database;
        var all = _exported.Spans.ToList();
        var mine = all.Where(s => (string?)s.GetTagItem("db.name") == database).Select(s => s.TraceId).ToHashSet();
        return [.. all.Where(s => mine.Contains(s.TraceId))];
    }

    private List<Activity> Roots(TestControlPlane plane) =>
        [.. Spans(plane).Where(s => s.ParentSpanId == default || s.HasRemoteParent)];

    private static bool IsCall(Activity span) => span.Kind == ActivityKind.Server;

    private List<Activity> Calls(TestControlPlane plane)
    {
        int[] ports =
        [
            new Uri(plane.GrpcAddress).Port,
            new Uri(plane.JsonAddress).Port,
            new Uri(plane.ManagementAddress).Port,
        ];
        return
        [
            .. _exported.Spans.Where(s => IsCall(s) && s.GetTagItem("server.port") is int port && ports.Contains(port)),
        ];
    }

    /// <summary>Keeps what would be exported.</summary>
    private sealed class Exported : BaseProcessor<Activity>
    {
        public ConcurrentQueue<Activity> Spans { get; } = new();

        public override void OnEnd(Activity data)
        {
            if (data.Recorded)
                Spans.Enqueue(data);
        }
    }
}
