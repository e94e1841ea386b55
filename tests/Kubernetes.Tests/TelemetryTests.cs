using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Coder.Mesh.Kubernetes.Tests;

public sealed class TelemetryTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_write_is_a_span_of_the_callers_trace_and_each_request_is_counted()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns);
        var id = TestDriver.NewId();
        var spans = new ConcurrentQueue<Activity>();
        using var tracing = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Coder.Mesh.Agent",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(tracing);
        var requests = new ConcurrentQueue<string>();
        using var metering = new MeterListener { InstrumentPublished = driver.EnableIfItsOwn };
        metering.SetMeasurementEventCallback<long>(
            (_, _, tags, _) => requests.Enqueue(string.Join(" ", tags.ToArray().Select(t => t.Value)))
        );
        metering.Start();

        using (var caller = new Activity("test").Start())
        {
            await driver.Apply(TestDriver.Desired(id), Ct);
            var mine = spans.Where(s => s.TraceId == caller.TraceId).Select(s => s.OperationName);
            Assert.Equal(
                [
                    "kubernetes.apply persistentvolumeclaim",
                    "kubernetes.apply serviceaccount",
                    "kubernetes.apply networkpolicy",
                    "kubernetes.apply service",
                    "kubernetes.apply deployment",
                ],
                mine
            );
        }

        Assert.Equal(
            [
                "apply deployments 2xx",
                "apply networkpolicies 2xx",
                "apply persistentvolumeclaims 2xx",
                "apply serviceaccounts 2xx",
                "apply services 2xx",
                "get deployments 4xx",
                "get networkpolicies 4xx",
                "get persistentvolumeclaims 4xx",
                "get serviceaccounts 4xx",
                "get services 4xx",
            ],
            requests.Order(StringComparer.Ordinal)
        );
    }
}
