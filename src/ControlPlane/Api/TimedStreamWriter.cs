using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>Writes to a stream whose reader may be too slow, with a time limit per message.</summary>
internal sealed class TimedStreamWriter<TMessage>(
    IServerStreamWriter<TMessage> messages,
    TimeSpan limit,
    TimeProvider time
) : IDisposable
    where TMessage : class
{
    /// <summary>Time limit of a pending write when the watch ends.</summary>
    public static readonly TimeSpan LastWriteLimit = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _cut = new(Timeout.InfiniteTimeSpan, time);

    /// <returns>False if the reader did not accept the message in time.</returns>
    /// <exception cref="OperationCanceledException">The watch ends, and no write is pending.</exception>
    public async Task<bool> Write(TMessage message, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        // Cancelling a write resets the stream, so that the caller never receives the final status. Only a stuck write
        // is cancelled.
        var write = messages.WriteAsync(message, _cut.Token);
        if (!write.IsCompletedSuccessfully)
        {
            try
            {
                await write.WaitAsync(limit, time, ct);
            }
            catch (TimeoutException)
            {
                return false;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                _cut.CancelAfter(LastWriteLimit);
                await write;
                ct.ThrowIfCancellationRequested();
            }
        }

        return true;
    }

    public void Dispose() => _cut.Dispose();
}
