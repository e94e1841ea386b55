using Coder.Mesh.Agent.Base;
using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Agent.Connection;

/// <summary>Reads from an error what it means for the next attempt.</summary>
internal static class DisconnectReasons
{
    /// <summary>Reason of a session whose connection broke; a word of the log only.</summary>
    private const string ConnectionLost = "connection_lost";

    public static DisconnectReason From(RpcException error)
    {
        var info = ReadErrorInfo(error);
        var reason = info is { Domain: ErrorReasons.Domain } ? CleanText.Clean(info.Reason) : "";
        var kind = error.StatusCode switch
        {
            // Without a reason of ours it is a proxy that says so, and may not a moment later.
            StatusCode.Unauthenticated
            or StatusCode.PermissionDenied
            or StatusCode.FailedPrecondition when reason.Length > 0 => DisconnectKind.Refused,
            StatusCode.Unavailable when reason == ErrorReasons.ServerRestarting => DisconnectKind.Restarting,
            _ => DisconnectKind.Lost,
        };
        return new DisconnectReason(
            kind,
            reason.Length > 0 ? reason : error.StatusCode.ToString(),
            $"{CleanText.Clean(Detail(error))} {Advice(reason)}".TrimEnd()
        );
    }

    /// <summary>What to do about a refusal that the control plane can't advise on: it doesn't know whose token it is.</summary>
    private static string Advice(string reason) =>
        reason is ErrorReasons.TokenInvalid or ErrorReasons.TokenMissing or ErrorReasons.PermissionDenied
            ? $"Make a token by `mesh providers rotate-token NAME --token-out FILE` and name the file with {Setting.TokenFile.Flag}."
            : "";

    /// <summary>The end of a session whose connection broke, in plain words; others as they are.</summary>
    public static DisconnectReason OfSession(RpcException error)
    {
        var end = From(error);
        // A status that a peer sent has no exception below it.
        return error.Status.DebugException is null || end.Kind != DisconnectKind.Lost
            ? end
            : end with
            {
                Code = ConnectionLost,
                Message = $"The connection to the control plane was lost ({end.Message.TrimEnd('.')}).",
            };
    }

    /// <summary>
    /// A write that failed because its call is over; reading tells why it is. A connection that is cut under a write throws
    /// the HTTP client's own exception, which the gRPC client doesn't wrap.
    /// </summary>
    public static bool IsReportedByRead(Exception e) => e is RpcException or InvalidOperationException or IOException;

    // A connection that failed says "Error starting gRPC call"; what went wrong stands in the exceptions below.
    private static string Detail(RpcException error)
    {
        if (HttpOne.IsAllThatIsSpoken(error.Status.DebugException))
            return $"what answers there speaks HTTP/1 only, as the control plane's ports for JSON and management do. "
                + $"{Setting.AccessUrl.Flag} must name the gRPC port (8081 by default), or a proxy that speaks HTTP/2.";
        var cause = error.Status.DebugException;
        while (cause?.InnerException is { } inner)
            cause = inner;
        return cause is null || error.Status.Detail.Contains(cause.Message, StringComparison.Ordinal)
            ? error.Status.Detail
            : $"{error.Status.Detail} ({cause.Message})";
    }

    private static ErrorInfo? ReadErrorInfo(RpcException error)
    {
        try
        {
            return error.GetRpcStatus()?.GetDetail<ErrorInfo>();
        }
        catch (Google.Protobuf.InvalidProtocolBufferException)
        {
            // Whoever answered isn't a control plane of ours; the status code says enough.
            return null;
        }
    }
}
