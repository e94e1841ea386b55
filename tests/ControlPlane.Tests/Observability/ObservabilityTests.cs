using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Observability;

public sealed class ObservabilityTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private static readonly HttpClient Http = new();

    [Fact]
    public async Task Metrics_count_sessions_refusals_ends_and_frames()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        // Other tests' control planes count in this process too: these collect what this one's meters do.
        using var attaches = Collect(plane, "mesh.agent.attaches");
        using var active = Collect(plane, "mesh.agent.sessions.active");
        using var refusals = Collect(plane, "mesh.agent.refusals");
        using var ends = Collect(plane, "mesh.agent.session.ends");
        using var frames = Collect(plane, "mesh.agent.frames");

        await OneRefusedAndOneBreakingTheProtocol(plane);
        await ends.WaitForMeasurementsAsync(1, TimeSpan.FromSeconds(10));

        Assert.Equal(1, Sum(attaches));
        Assert.Equal(0, Sum(active));
        Assert.Equal(1, Sum(refusals, ("mesh.reason", "CLUSTER_MISMATCH")));
        Assert.Equal(1, Sum(ends, ("mesh.session.end", "protocol_violation")));
        Assert.Equal(1, Sum(frames, ("mesh.frame.direction", "received"), ("mesh.frame.type", "heartbeat")));
        Assert.Equal(1, Sum(frames, ("mesh.frame.direction", "sent"), ("mesh.frame.type", "heartbeat_ack")));
    }

    [Fact]
    public async Task Prometheus_finds_them_on_the_management_port_and_no_id_among_the_tags()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var id = await OneRefusedAndOneBreakingTheProtocol(plane);

        var metrics = await Eventually(
            () => Http.GetStringAsync(new Uri($"{plane.ManagementAddress}/metrics"), Ct),
            m => m.Contains("protocol_violation", StringComparison.Ordinal)
        );

        Assert.Matches("""mesh_agent_attaches_total\{[^}]*\} [1-9]""", metrics);
        // Of all control planes of this process: one that began to listen in the middle may count below zero.
        Assert.Matches("""mesh_agent_sessions_active\{[^}]*\} -?\d""", metrics);
        Assert.Matches("""mesh_agent_refusals_total\{[^}]*mesh_reason="CLUSTER_MISMATCH"[^}]*\} [1-9]""", metrics);
        Assert.Matches("""mesh_agent_frames_total\{[^}]*mesh_frame_type="heartbeat"[^}]*\} [1-9]""", metrics);
        Assert.DoesNotContain(id, metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_metric_has_a_bounded_number_of_series()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var meter = new Meter(Meters.Name);
        var counter = meter.CreateCounter<long>("mesh.test.series");
        for (var i = 0; i < 2 * ObservabilityRegistration.MaxSeries; i++)
            counter.Add(1, new KeyValuePair<string, object?>("mesh.test.number", i));

        var metrics = await Eventually(
            () => Http.GetStringAsync(new Uri($"{plane.ManagementAddress}/metrics"), Ct),
            m => m.Contains("mesh_test_series_total{", StringComparison.Ordinal)
        );

        var series = metrics.Split('\n').Where(l => l.StartsWith("mesh_test_series_total{", StringComparison.Ordinal));
        Assert.InRange(series.Count(), 2, ObservabilityRegistration.MaxSeries + 1);
        Assert.Contains("otel_metric_overflow=\"true\"", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/health/live", 200)]
    [InlineData("/health/ready", 200)]
    [InlineData("/health/started", 200)]
    [InlineData("/coder.mesh.v1.ProviderService/ListProviders", 404)]
    public async Task The_management_port_serves_health_and_nothing_of_the_API(string path, int status)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        using var response = await Http.GetAsync(new Uri(plane.ManagementAddress + path), Ct);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task The_management_port_says_at_other_paths_which_it_has_and_has_them()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        using var response = await Http.GetAsync(new Uri(plane.ManagementAddress + "/healthz"), Ct);
        var told = await response.Content.ReadAsStringAsync(Ct);
        var paths = System.Text.RegularExpressions.Regex.Matches(told, @"/[a-z/-]+").Select(m => m.Value).ToList();

        Assert.Equal(404, (int)response.StatusCode);
        Assert.Equal(["/metrics", "/health/live", "/health/ready", "/health/started", "/health/built-in"], paths);
        foreach (var path in paths)
        {
            using var found = await Http.GetAsync(new Uri(plane.ManagementAddress + path), Ct);
            Assert.NotEqual(404, (int)found.StatusCode);
        }
    }

    [Fact]
    public async Task The_gRPC_port_serves_no_metrics_whatever_the_host_header_says()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{plane.GrpcAddress}/metrics")
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Host = new Uri(plane.ManagementAddress).Authority;

        using var response = await Http.SendAsync(request, Ct);

        Assert.Equal(404, (int)response.StatusCode);
    }

    [Fact]
    public async Task One_trace_leads_from_the_call_through_the_frame_to_the_agent_and_back_with_its_report()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(spans);
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var headers = plane.Admin;
        headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");

        var created = await plane.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Name = "dev", Spec = TestControlPlane.Spec() },
            headers,
            cancellationToken: Ct
        );
        var desired = await agent.Next(Frame.WorkspaceDesired, Ct);
        var report = agent.Observation(created.Workspace.Id, 1, WorkspaceState.Running);
        await agent.Send(new ConnectRequest { Traceparent = desired.Traceparent, WorkspaceObserved = report }, Ct);
        await agent.Next(Frame.ObservedAck, Ct);

        Assert.StartsWith($"00-{trace}-", desired.Traceparent, StringComparison.Ordinal);
        var mine = spans.Where(s => s.TraceId.ToHexString() == trace).Select(s => s.OperationName).ToList();
        Assert.Contains("agent.send workspace_desired", mine);
        Assert.Contains("agent.receive workspace_observed", mine);
        Assert.Contains(
            spans,
            s => s.OperationName == "agent.observe" && s.Links.Any(l => l.Context.TraceId.ToHexString() == trace)
        );
    }

    [Fact]
    public async Task A_redelivery_links_to_the_trace_of_the_wish_instead_of_joining_it()
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(spans);
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var headers = plane.Admin;
        headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");
        await plane.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest { Name = "dev", Spec = TestControlPlane.Spec() },
            headers,
            cancellationToken: Ct
        );
        await agent.Next(Frame.WorkspaceDesired, Ct);

        await agent.Snapshot(Ct);
        var desired = await agent.Next(Frame.WorkspaceDesired, Ct);

        Assert.DoesNotContain(trace, desired.Traceparent, StringComparison.Ordinal);
        Assert.Contains(
            spans,
            s =>
                s.OperationName == "agent.send workspace_desired"
                && s.Links.Any(l => l.Context.TraceId.ToHexString() == trace)
        );
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nonsense")]
    [InlineData("mat_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_caller_who_is_not_authenticated_adds_nothing_to_the_trace_that_he_names(string? token)
    {
        var spans = new ConcurrentQueue<Activity>();
        using var listener = Listen(spans, "Npgsql", "Microsoft.AspNetCore", Tracing.SourceName);
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var headers = new Metadata { { "traceparent", $"00-{trace}-00f067aa0ba902b7-01" } };
        if (token is not null)
            headers.Add("authorization", $"Bearer {token}");
        var known = ActivityTraceId.CreateRandom().ToHexString();
        var admin = plane.Admin;
        admin.Add("traceparent", $"00-{known}-00f067aa0ba902b7-01");

        await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Providers.ListProvidersAsync(new ListProvidersRequest(), headers, cancellationToken: Ct)
        );
        await plane.Providers.ListProvidersAsync(new ListProvidersRequest(), admin, cancellationToken: Ct);
        await Eventually(() => Task.FromResult(Recorded(known)), s => s.Contains("Microsoft.AspNetCore"));

        Assert.Contains("Npgsql", Recorded(known));
        Assert.Empty(Recorded(trace));
        Assert.Contains(spans, s => s is { OperationName: "unauthenticated call", Recorded: true, ParentId: null });

        List<string> Recorded(string id) =>
            spans.Where(s => s.Recorded && s.TraceId.ToHexString() == id).Select(s => s.Source.Name).ToList();
    }

    /// <returns>The id of the provider that all of it was about.</returns>
    private static async Task<string> OneRefusedAndOneBreakingTheProtocol(TestControlPlane plane)
    {
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Heartbeat(Ct);
        await agent.Next(Frame.HeartbeatAck, Ct);
        using var refused = TestAgent.Open(plane, token);
        await refused.Send(new ConnectRequest { Hello = TestAgent.Hello(h => h.NamespaceUid = "other") }, Ct);
        await refused.End(Ct);
        await agent.Send(new ConnectRequest(), Ct);
        await agent.End(Ct);
        return id;
    }

    private static MetricCollector<long> Collect(TestControlPlane plane, string instrument) =>
        new(plane.Services.GetRequiredService<IMeterFactory>(), Meters.Name, instrument);

    private static long Sum(MetricCollector<long> collector, params (string Name, string Value)[] tags) =>
        collector
            .GetMeasurementSnapshot()
            .Where(m => tags.All(t => (string?)m.Tags[t.Name] == t.Value))
            .Sum(m => m.Value);

    private static ActivityListener Listen(ConcurrentQueue<Activity> spans, params string[] sources)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source =>
                sources.Length == 0 ? source.Name == Tracing.SourceName : sources.Contains(source.Name),
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
