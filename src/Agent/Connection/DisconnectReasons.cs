using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Agent.Connection;

/// <summary>Classifies errors by their meaning for the next attempt.</summary>
internal static class DisconnectReasons
{
    /// <summary>Code of a session whose connection broke; used in the log only.</summary>
    private const string ConnectionLost = "connection_lost";

    public static DisconnectReason From(RpcException error)
    {
        var info = ReadDetail<ErrorInfo>(error);
        var reason = info is { Domain: ErrorReasons.Domain } ? CleanText.Clean(info.Reason) : "";
        var kind = error.StatusCode switch
        {
            // Without an ErrorInfo reason, the status comes from a proxy, and may be temporary.
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
        )
        {
            RetryDelay = reason.Length > 0 ? ReadRetryDelay(error) : null,
        };
    }

    /// <summary>
    /// Returns what to do about a refusal of an unknown token, for which the control plane has no advice.
    /// </summary>
    private static string Advice(string reason) =>
        reason is ErrorReasons.TokenInvalid or ErrorReasons.TokenMissing or ErrorReasons.PermissionDenied
            ? $"Make a token by `mesh providers rotate-token NAME --token-out FILE` and name the file with {Setting.TokenFile.Flag}."
            : "";

    /// <summary>Describes the end of a session whose connection broke; other errors are kept.</summary>
    public static DisconnectReason OfSession(RpcException error)
    {
        var end = From(error);
        // A status that was sent by the peer has no inner exception.
        return error.Status.DebugException is null || end.Kind != DisconnectKind.Lost
            ? end
            : end with
            {
                Code = ConnectionLost,
                Message = $"The connection to the control plane was lost ({end.Message.TrimEnd('.')}).",
            };
    }

    /// <summary>
    /// Whether a write failed because its call has ended; the reader receives the reason. If the connection breaks
    /// during a write, the HTTP client's own exception is thrown, which the gRPC client does not wrap.
    /// </summary>
    public static bool IsReportedByRead(Exception e) => e is RpcException or InvalidOperationException or IOException;

    // A failed connection says "Error starting gRPC call"; the inner exceptions have the cause.
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

    private static TimeSpan? ReadRetryDelay(RpcException error)
    {
        try
        {
            return ReadDetail<RetryInfo>(error)?.RetryDelay?.ToTimeSpan();
        }
        catch (InvalidOperationException)
        {
            // Not a valid duration.
            return null;
        }
    }

    private static T? ReadDetail<T>(RpcException error)
        where T : class, IMessage<T>, new()
    {
        try
        {
            return error.GetRpcStatus()?.GetDetail<T>();
        }
        catch (InvalidProtocolBufferException)
        {
            // The peer is not a control plane; the status code is sufficient.
            return null;
        }
    }
}
