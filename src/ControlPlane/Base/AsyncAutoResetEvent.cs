using System.Threading.Channels;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>An auto-reset event for one waiter. Signals before the waiter wakes count as one.</summary>
/// <param name="inline">
/// Continues the waiter within <see cref="Set"/>. Saves a thread switch where the signalling code holds no lock and the
/// waiter soon waits again.
/// </param>
internal sealed class AsyncAutoResetEvent(bool inline = false)
{
    private readonly Channel<bool> _rings = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1)
        {
            SingleReader = true,
            FullMode = BoundedChannelFullMode.DropWrite,
            AllowSynchronousContinuations = inline,
        }
    );

    public void Set() => _rings.Writer.TryWrite(true);

    public async ValueTask Wait(CancellationToken ct) => await _rings.Reader.ReadAsync(ct);

    /// <summary>Waits for a signal, at most for the given time.</summary>
    public async Task Wait(TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        if (limit <= TimeSpan.Zero)
            return;
        using var timer = time.CreateTimer(_ => Set(), null, limit, Timeout.InfiniteTimeSpan);
        await Wait(ct);
    }
}
