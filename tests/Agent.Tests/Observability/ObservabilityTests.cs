using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;

namespace Coder.Mesh.Agent.Tests.Observability;

public sealed class ObservabilityTests
{
    private static async Task<WorkspaceObserved> Start(RunningAgent agent, FakeSession session, string traceparent)
    {
        await session.Desire("w1", 1, traceparent);
        await agent.Driver.NextApplied();
        agent.Driver.Sink!.Changed(new ClusterWorkspace("w1", 1, WorkspaceState.Running));
        return await session.NextObserved();
    }

    [Fact]
    public async Task Frame_work_and_report_are_one_trace_that_heartbeats_are_no_part_of()
    {
        var sent = ActivityTraceId.CreateRandom();
        var parent = $"00-{sent}-{ActivitySpanId.CreateRandom()}-01";
        var spans = new ConcurrentQueue<Activity>();
        var applied = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Tracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                spans.Enqueue(span);
                if (span.OperationName == "agent.apply" && span.TraceId == sent)
                    applied.TrySetResult();
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();
        await session.Send(new ConnectResponse { Traceparent = parent, HeartbeatAck = new HeartbeatAck() });

        await session.Desire("w1", 1, parent);
        await applied.Task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
        agent.Driver.Sink!.Changed(new ClusterWorkspace("w1", 1, WorkspaceState.Running));
        var observed = await session.Next(ConnectRequest.FrameOneofCase.WorkspaceObserved);
        agent.Driver.Sink.Changed(new ClusterWorkspace("w1", 1, WorkspaceState.Failed, "pod_failed"));
        var later = await session.Next(ConnectRequest.FrameOneofCase.WorkspaceObserved);

        var ours = spans.Where(s => s.TraceId == sent).ToList();
        Assert.Equal(["agent.workspace_desired", "agent.apply"], ours.Select(s => s.OperationName));
        Assert.Equal((ActivityKind.Consumer, true), (ours[0].Kind, ours[0].HasRemoteParent));
        Assert.Equal(ours[0].SpanId, ours[1].ParentSpanId);
        Assert.Equal(ours[1].Id, observed.Traceparent);
        Assert.Equal("", later.Traceparent);
    }

    [Fact]
    public async Task Context_is_carried_on_where_nobody_records_spans()
    {
        var parent = $"00-{ActivityTraceId.CreateRandom()}-{ActivitySpanId.CreateRandom()}-00";
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var session = await server.Welcome();
        await session.NextSnapshot();

        await session.Desire("w1", 1, parent);
        await agent.Driver.NextApplied();
        agent.Driver.Sink!.Changed(new ClusterWorkspace("w1", 1, WorkspaceState.Running));
        var observed = await session.Next(ConnectRequest.FrameOneofCase.WorkspaceObserved);

        Assert.Equal(parent[3..35], observed.Traceparent[3..35]);
    }

    [Fact]
    public async Task Dials_frames_and_reconciles_are_counted()
    {
        await using var server = await FakeControlPlane.Start();
        await using var agent = await RunningAgent.Start(server);
        var meters = agent.Services.GetRequiredService<IMeterFactory>();
        using var dials = new MetricCollector<long>(meters, AgentMetrics.MeterName, "mesh.agent.dials");
        using var frames = new MetricCollector<long>(meters, AgentMetrics.MeterName, "mesh.agent.frames");
        using var reconciles = new MetricCollector<long>(meters, AgentMetrics.MeterName, "mesh.agent.reconciles");
        var session = await server.Welcome();
        await session.NextSnapshot();
        await Start(agent, session, "");

        session.Fail(StatusCode.Unauthenticated, ErrorReasons.TokenInvalid, "No.");
        await dials.WaitForMeasurementsAsync(1, Patience.Limit);

        Assert.Equal("refused", Assert.Single(dials.GetMeasurementSnapshot()).Tags["mesh.outcome"]);
        var reconcile = Assert.Single(reconciles.GetMeasurementSnapshot());
        Assert.Equal(("apply", "done"), (reconcile.Tags["mesh.action"], reconcile.Tags["mesh.result"]));
        var counted = frames
            .GetMeasurementSnapshot()
            .Select(m => $"{m.Tags["mesh.frame.type"]} {m.Tags["mesh.frame.direction"]}")
            .ToList();
        Assert.Contains("workspace_desired received", counted);
        Assert.Contains("workspace_observed sent", counted);
    }
}
