using System.Collections.Frozen;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>
/// Reasons for the end of a session. They determine the status that the agent receives and the grace period that
/// begins.
/// </summary>
internal enum SessionEnd
{
    None,
    AgentLeft,
    ConnectionLost,
    Goodbye,
    Superseded,
    TooSlow,
    Flooding,
    Unresponsive,
    ProtocolViolation,
    ProviderDeleted,
    TokenRevoked,
    StoreUnavailable,
    Shutdown,
    Failed,
}

/// <param name="Detail">Additional text for the agent; may be empty.</param>
internal sealed record Ending(SessionEnd End, string Detail)
{
    public static readonly Ending None = new(SessionEnd.None, "");
}

internal static class SessionEnds
{
    /// <summary>Returns the tag of the metric and the stored reason of the disconnect, in lower_snake_case.</summary>
    public static string Tag(this SessionEnd end) =>
        end switch
        {
            SessionEnd.AgentLeft => "agent_left",
            SessionEnd.ConnectionLost => "connection_lost",
            SessionEnd.Goodbye => "goodbye",
            SessionEnd.Superseded => "superseded",
            SessionEnd.TooSlow => "too_slow",
            SessionEnd.Flooding => "flooding",
            SessionEnd.Unresponsive => "unresponsive",
            SessionEnd.ProtocolViolation => "protocol_violation",
            SessionEnd.ProviderDeleted => "provider_deleted",
            SessionEnd.TokenRevoked => "token_revoked",
            SessionEnd.StoreUnavailable => "store_away",
            SessionEnd.Shutdown => "shutdown",
            _ => "failed",
        };

    /// <summary>
    /// Whether a session that ends for this reason before its first snapshot is answered counts as failed.
    /// </summary>
    public static bool Fails(this SessionEnd end) =>
        end
            is SessionEnd.AgentLeft
                or SessionEnd.ConnectionLost
                or SessionEnd.Superseded
                or SessionEnd.TooSlow
                or SessionEnd.Flooding
                or SessionEnd.Unresponsive
                or SessionEnd.ProtocolViolation
                or SessionEnd.Failed;

    /// <summary>Returns how long the provider keeps its status; null if no grace period begins here.</summary>
    public static TimeSpan? Grace(this SessionEnd end) =>
        end switch
        {
            SessionEnd.Superseded or SessionEnd.ProviderDeleted or SessionEnd.Shutdown => null,
            SessionEnd.Goodbye => StatusMachine.GoodbyeGrace,
            _ => StatusMachine.ReconnectGrace,
        };

    /// <summary>Errors for the agent, for ends that are neither failures nor caused by the agent itself.</summary>
    private static readonly FrozenDictionary<SessionEnd, Error> Errors = new Dictionary<SessionEnd, Error>
    {
        [SessionEnd.Superseded] = new(
            ErrorKind.Aborted,
            ErrorReasons.SessionSuperseded,
            "A newer session of this provider is attached."
        ),
        [SessionEnd.TooSlow] = new(
            ErrorKind.ResourceExhausted,
            ErrorReasons.SessionTooSlow,
            "The agent reads too slowly; it receives the full state when it reconnects."
        ),
        [SessionEnd.Flooding] = new(
            ErrorKind.ResourceExhausted,
            ErrorReasons.SessionFlooding,
            "The agent sends too many frames."
        ),
        [SessionEnd.Unresponsive] = new(
            ErrorKind.DeadlineExceeded,
            ErrorReasons.SessionUnresponsive,
            "Three heartbeats are missing."
        ),
        [SessionEnd.ProtocolViolation] = new(
            ErrorKind.InvalidArgument,
            ErrorReasons.ProtocolViolation,
            "A frame broke the protocol."
        ),
        [SessionEnd.ProviderDeleted] = new(
            ErrorKind.FailedPrecondition,
            ErrorReasons.ProviderDeleted,
            "This provider has been deleted. What the agent created is left as it is; remove the agent."
        ),
        [SessionEnd.TokenRevoked] = new(
            ErrorKind.Unauthenticated,
            ErrorReasons.TokenInvalid,
            "The token that the agent attached with has been revoked; give it a live one."
        ),
        [SessionEnd.StoreUnavailable] = StoreFailure.Unavailable,
        [SessionEnd.Shutdown] = new(
            ErrorKind.Unavailable,
            ErrorReasons.ServerRestarting,
            "The control plane is restarting; dial again."
        ),
    }.ToFrozenDictionary();

    private static readonly Error SessionFailed = new(
        ErrorKind.Internal,
        ErrorReasons.SessionFailed,
        "The session failed; dial again."
    );

    /// <summary>Returns the error for the agent; null if it left by itself.</summary>
    private static Error? ToError(this SessionEnd end) =>
        end is SessionEnd.None or SessionEnd.AgentLeft or SessionEnd.ConnectionLost or SessionEnd.Goodbye
            ? null
            : Errors.GetValueOrDefault(end, SessionFailed);

    /// <summary>Returns the exception that ends the agent's call; null if it left by itself.</summary>
    public static RpcException? ToException(this Ending ending) =>
        ending.End.ToError() is { } error
            ? (error with { Message = $"{error.Message} {ending.Detail}".TrimEnd() }).ToRpcException()
            : null;
}
