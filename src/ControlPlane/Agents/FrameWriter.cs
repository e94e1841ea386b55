using Coder.Mesh.Agent.V1;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>The one place that writes to an agent: gRPC allows a single write at a time on a stream.</summary>
/// <param name="stuckAfter">How long an agent may leave a frame unread.</param>
/// <param name="stuck">Called when one has.</param>
internal sealed class FrameWriter(
    SendQueue outbound,
    AgentStreamMetrics metrics,
    TimeSpan stuckAfter,
    Action stuck,
    TimeProvider time
)
{
    /// <summary>How long a write under way may still take once the session is closing.</summary>
    public static readonly TimeSpan LastWriteLimit = TimeSpan.FromSeconds(2);

    /// <summary>Runs until the session closes.</summary>
    public async Task Run(IServerStreamWriter<ConnectResponse> responses, CancellationToken closing)
    {
        // To cancel a write is to cut the stream, and the agent would never hear why: it is cut only if it hangs.
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
            // Most are taken at once, and need no timer.
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
