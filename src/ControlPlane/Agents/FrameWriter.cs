using Coder.Mesh.Agent.V1;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>The only writer of a stream: gRPC allows one write at a time.</summary>
/// <param name="stuckAfter">How long an agent may leave a frame unread.</param>
/// <param name="stuck">Called when that time has passed.</param>
internal sealed class FrameWriter(
    SendQueue outbound,
    AgentStreamMetrics metrics,
    TimeSpan stuckAfter,
    Action stuck,
    TimeProvider time
)
{
    /// <summary>Time limit of a pending write when the session closes.</summary>
    public static readonly TimeSpan LastWriteLimit = TimeSpan.FromSeconds(2);

    /// <summary>Runs until the session closes.</summary>
    public async Task Run(IServerStreamWriter<ConnectResponse> responses, CancellationToken closing)
    {
        // Cancelling a write resets the stream, so that the agent never receives the final status. Only a stuck write
        // is cancelled.
        using var cut = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using var onClosing = closing.Register(() => cut.CancelAfter(LastWriteLimit));
        await using var unread = time.CreateTimer(
            _ => stuck(),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
        while (!closing.IsCancellationRequested)
        {
            var frame = await outbound.Next(closing);
            var written = responses.WriteAsync(frame, cut.Token);
            // Most writes complete synchronously and need no timer.
            if (!written.IsCompleted)
            {
                unread.Change(stuckAfter, Timeout.InfiniteTimeSpan);
                await written;
                unread.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            await written;
            metrics.Sent(frame.FrameCase);
        }
    }
}
