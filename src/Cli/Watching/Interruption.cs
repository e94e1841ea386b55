using Coder.Mesh.Cli.CallFailures;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Client;
using Grpc.Core;

namespace Coder.Mesh.Cli.Watching;

/// <summary>Describes why a watch was interrupted, for people.</summary>
internal static class Interruption
{
    // The control plane's own messages for these address programs, which have to resume a watch themselves.
    public static string Message(Invocation run, RpcException cause) =>
        (cause as MeshException)?.Reason switch
        {
            ErrorReasons.ResumeTokenExpired => "too many changes in the meantime, listing again",
            ErrorReasons.WatchTooSlow => "changes came faster than they could be shown",
            ErrorReasons.ServerRestarting => "the control plane is restarting",
            ErrorReasons.TooManyWatches => "the control plane has reached its limit of watches",
            _ => RpcFailures.From(cause, run.Target, run.Subject()).Message,
        };
}
