using System.Diagnostics.Metrics;
using Coder.Mesh.ControlPlane.Observability;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>Metrics of API calls.</summary>
internal sealed class ApiMetrics
{
    private readonly Counter<long> _refusals;

    public ApiMetrics(IMeterFactory meters) =>
        _refusals = meters
            .Create(Meters.Name)
            .CreateCounter<long>("mesh.api.refusals", "{refusal}", "Calls that were refused or failed, by reason");

    /// <param name="reason">One of <see cref="Protocol.ErrorReasons"/>.</param>
    public void Refused(string reason) => _refusals.Add(1, new KeyValuePair<string, object?>("mesh.reason", reason));

    /// <summary>
    /// Counts the error if it has a reason. Errors without one are gRPC's own, such as a cancelled call.
    /// </summary>
    public void Refused(RpcException error)
    {
        if (error.GetRpcStatus()?.GetDetail<ErrorInfo>() is { } info)
            Refused(info.Reason);
    }
}
