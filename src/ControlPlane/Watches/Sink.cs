using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Writes to one caller, who may not read.</summary>
internal sealed class Sink<TMessage>(IServerStreamWriter<TMessage> messages, TimeSpan limit, TimeProvider time)
    where TMessage : class
{
    private long _last = time.GetTimestamp();

    /// <summary>Since the last message.</summary>
    public TimeSpan Quiet => time.GetElapsedTime(_last);

    /// <returns>False if it was not taken in time.</returns>
    public async Task<bool> Write(TMessage message, CancellationToken ct)
    {
        var write = messages.WriteAsync(message, ct);
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
        }

        _last = time.GetTimestamp();
        return true;
    }
}
