using System.Threading.Channels;

namespace Coder.Mesh.ControlPlane;

/// <summary>A doorbell for one waiter: any number of rings before it wakes are one.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> _rings = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite }
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
