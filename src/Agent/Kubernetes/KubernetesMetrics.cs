using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using Coder.Mesh.Agent.Observability;

namespace Coder.Mesh.Agent.Kubernetes;

internal sealed class KubernetesMetrics
{
    private readonly Counter<long> _requests;

    public KubernetesMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(AgentMetrics.MeterName); // the factory owns and disposes it
        _requests = meter.CreateCounter<long>(
            "mesh.kubernetes.requests",
            "{request}",
            "Requests to the Kubernetes API server."
        );
    }

    /// <param name="status">Null if there was no response.</param>
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
        (int?)status switch
        {
            // Concerns the load of the server instead of the request.
            429 => "429",
            >= 200 and < 300 => "2xx",
            >= 300 and < 400 => "3xx",
            >= 400 and < 500 => "4xx",
            >= 500 and < 600 => "5xx",
            _ => "none",
        };
}
