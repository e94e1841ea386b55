using System.Diagnostics;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Watches;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>
/// Writes the changes of a subscription to the stream of a call, until the caller leaves or its token is revoked.
/// </summary>
internal sealed class WatchPump(
    WatchMetrics metrics,
    WatchLimits limits,
    LongCalls calls,
    OpenStreams streams,
    IHostApplicationLifetime lifetime,
    TimeProvider time
)
{
    /// <param name="message">Converts a change to a message of the stream.</param>
    /// <exception cref="RpcException">
    /// The subscription has ended, the caller reads too slowly, or the replica stops.
    /// </exception>
    public async Task Run<TMessage>(
        IAsyncEnumerable<ResourceChange> changes,
        Func<ResourceChange, TMessage> message,
        IServerStreamWriter<TMessage> messages,
        ServerCallContext context
    )
        where TMessage : class
    {
        streams.Enter(context.GetHttpContext());
        using var call = calls.Begin(context.TokenRecord());
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(
            context.CancellationToken,
            lifetime.ApplicationStopping,
            call.Revoked
        );
        // No span lasts as long as a watch.
        Activity.Current = null;
        try
        {
            using var writer = new TimedStreamWriter<TMessage>(messages, limits.WriteTime, time);
            await foreach (var change in changes.WithCancellation(ending.Token))
            {
                CallPermit.Begun(context.GetHttpContext());
                if (!await writer.Write(message(change), ending.Token))
                    throw Ended(WatchErrors.TooSlow);
            }
        }
        catch (SubscriptionEndedException e)
        {
            throw e.Why.ToRpcException();
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw Ended(WatchErrors.Restarting);
        }
        catch (OperationCanceledException) when (call.Revoked.IsCancellationRequested)
        {
            throw Ended(TokenErrors.Invalid);
        }
    }

    private RpcException Ended(Error why)
    {
        metrics.Ended(why.Reason);
        return why.ToRpcException();
    }
}
