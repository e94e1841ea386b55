using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.ControlPlane.Agents;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Each metric is in the documentation with its unit, and the documentation has no other.</summary>
public sealed class MetricsTests
{
    [Fact]
    public void Metrics_of_the_control_plane_are_those_of_the_documentation() =>
        Assert.Equal(Published<AgentStreamMetrics>(), Documented("## Metrics of the control plane"));

    [Fact]
    public void Metrics_of_the_agent_are_those_of_the_documentation() =>
        Assert.Equal(
            Published<AgentMetrics>().Concat(Published<Coder.Mesh.Agent.Kubernetes.KubernetesMetrics>()).Order(),
            Documented("## Metrics of the agent")
        );

    private static IEnumerable<string> Documented(string heading) =>
        Document.Read("observability.md").Under(heading).Rows().Select(r => $"{r[0].Trim('`')} {r[1]}").Order();

    private static List<string> Published<T>()
        where T : class
    {
        using var services = new ServiceCollection().AddMetrics().AddSingleton<T>().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        var found = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory))
                    found.Add($"{instrument.Name} {instrument.Unit}");
            },
        };
        listener.Start();
        _ = services.GetRequiredService<T>();
        return [.. found.Order()];
    }
}
