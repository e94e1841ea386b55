using System.Security.Claims;
using Coder.Mesh.ControlPlane.Identity;
using Google.Protobuf;
using Grpc.Core;
using WriteContext = Coder.Mesh.ControlPlane.Storage.WriteContext;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>What the context of a gRPC call says of the caller and of the write.</summary>
internal static class CallContexts
{
    public static Caller Caller(this ServerCallContext context) => Identity.Caller.Of(context.GetHttpContext().User);

    /// <summary>Id of the record of the caller's token. It is the token's hash, so it must not be shown.</summary>
    public static string TokenRecord(this ServerCallContext context) =>
        context.GetHttpContext().User.FindFirstValue(Identity.Caller.RecordClaim)!;

    public static WriteContext Write(this ServerCallContext context, IMessage request, string requestId) =>
        new(context.Caller().Subject, context.Method, requestId, requestId.Length > 0 ? request : null);
}
