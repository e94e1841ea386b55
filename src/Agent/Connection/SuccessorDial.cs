using Coder.Mesh.Agent.Base;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Agent.Connection;

/// <summary>
/// Dials the stream that replaces one which the control plane drains, and retries until it is welcomed.
/// </summary>
internal sealed class SuccessorDial(Dialer dialer, Jitter jitter, TimeProvider time, ILogger logger)
{
    /// <param name="within">The first attempt is made at a random time within this period.</param>
    /// <param name="stopping">The process stops. Cancels an attempt.</param>
    /// <param name="over">
    /// The drained stream has ended. Cancels the wait between attempts but not an attempt: the control plane may have
    /// ended the drained stream because it welcomed this one.
    /// </param>
    public async Task<Dialed> Dial(TimeSpan within, CancellationToken stopping, CancellationToken over)
    {
        var wait = jitter.Next() * within;
        for (var failures = 1; ; failures++)
        {
            await Task.Delay(wait, time, over);
            try
            {
                return await dialer.Dial(stopping);
            }
            catch (Exception e) when (e is RpcException or TokenUnusableException or HandshakeException)
            {
                logger.SuccessorDialFailed(e.Message, failures);
                var reason = e is RpcException refused ? DisconnectReasons.From(refused) : null;
                wait = DialDelay.After(failures, reason?.Code ?? "", reason?.RetryDelay, jitter.Next());
            }
        }
    }
}
