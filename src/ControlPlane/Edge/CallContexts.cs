using System.Security.Claims;
using Coder.Mesh.ControlPlane.Identity;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>Reads the caller from the context of a gRPC call.</summary>
internal static class CallContexts
{
    public static Caller Caller(this ServerCallContext context) => Identity.Caller.Of(context.GetHttpContext().User);

    /// <summary>Id of the record of the caller's token. It is the token's hash and must not be shown.</summary>
    public static string TokenRecord(this ServerCallContext context) =>
        context.GetHttpContext().User.FindFirstValue(Identity.Caller.RecordClaim)!;
}
