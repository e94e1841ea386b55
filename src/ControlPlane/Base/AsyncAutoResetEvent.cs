using System.Threading.Channels;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>A doorbell for one waiter: any number of rings before it wakes are one.</summary>
/// <param name="inline">
/// The waiter goes on within <see cref="Set"/>: saves a change of threads where whoever rings holds no lock and the waiter
/// soon waits again.
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

    /// <summary>Waits for a ring, but no longer than this.</summary>
    public async Task Wait(TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        if (limit <= TimeSpan.Zero)
            return;
        using var timer = time.CreateTimer(_ => Set(), null, limit, Timeout.InfiniteTimeSpan);
        await Wait(ct);
    }
}
