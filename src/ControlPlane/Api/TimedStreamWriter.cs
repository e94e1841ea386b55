using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>Writes to one caller, who may not read.</summary>
internal sealed class TimedStreamWriter<TMessage>(
    IServerStreamWriter<TMessage> messages,
    TimeSpan limit,
    TimeProvider time
) : IDisposable
    where TMessage : class
{
    /// <summary>How long a write under way may still take once the watch ends.</summary>
    public static readonly TimeSpan LastWriteLimit = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _cut = new(Timeout.InfiniteTimeSpan, time);
    private long _last = time.GetTimestamp();

    /// <summary>Since the last message.</summary>
    public TimeSpan Quiet => time.GetElapsedTime(_last);

    /// <returns>False if it was not taken in time.</returns>
    /// <exception cref="OperationCanceledException">The watch ends; nothing is being written any more.</exception>
    public async Task<bool> Write(TMessage message, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        // To cancel a write is to reset the stream, and the caller would never hear why it ends: only one that hangs is cut.
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

        _last = time.GetTimestamp();
        return true;
    }

    public void Dispose() => _cut.Dispose();
}
