using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;

namespace Coder.Mesh.Agent.Kubernetes;

internal sealed class KubernetesMetrics
{
    public const string MeterName = "Coder.Mesh.Agent";

    private readonly Counter<long> _requests;

    public KubernetesMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(MeterName); // the factory owns and disposes it
        _requests = meter.CreateCounter<long>(
            "mesh.kubernetes.requests",
            "{request}",
            "Requests to the Kubernetes API server."
        );
    }

    /// <param name="status">Null when there was no answer.</param>
    public void Requested(string verb, string resource, HttpStatusCode? status) =>
        _requests.Add(
            1,
            new TagList
            {
                { "mesh.kubernetes.verb", verb },
                { "mesh.kubernetes.resource", resource },
                { "mesh.kubernetes.status", StatusClass(status) },
            }
        );

    private static string StatusClass(HttpStatusCode? status) =>
        ((int?)status / 100) switch
        {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "none",
        };
}
