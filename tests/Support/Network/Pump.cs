using System.Buffers;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Coder.Mesh.Tests.Support.Network;

/// <summary>Carries the bytes of one direction of one connection.</summary>
internal sealed class Pump(Socket from, Socket to, ProxiedConnection connection, TimeProvider time)
{
    private const int ChunkSize = 16 * 1024;

    // With the chunk's size the bound of what is held: at it no more is read, and the sender meets backpressure.
    private const int Chunks = 64;

    private readonly Channel<Chunk> _held = Channel.CreateBounded<Chunk>(
        new BoundedChannelOptions(Chunks) { SingleReader = true, SingleWriter = true }
    );
    private readonly Lock _lock = new();
    private Fault _fault = Fault.None;
    private long _untilReset;
    private bool _hasHole;
    private long _delivered;
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when something was swallowed.</summary>
    public Task Lost => _lost.Task;

    public long Delivered => Interlocked.Read(ref _delivered);

    public bool Swallows
    {
        get
        {
            lock (_lock)
                return _hasHole || _fault is Fault.Swallowing;
        }
    }

    /// <returns>Whether the connection is to be reset at once.</returns>
    public bool Set(Fault fault)
    {
        lock (_lock)
        {
            _fault = fault;
            _untilReset = fault is Fault.Resetting resetting ? resetting.Bytes : 0;
            return !_hasHole && fault is Fault.Resetting { Bytes: 0 };
        }
    }

    public Task Run(CancellationToken ct) => Task.WhenAll(Read(ct), Deliver(ct));

    private async Task Read(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                var bytes = ArrayPool<byte>.Shared.Rent(ChunkSize);
                var count = await from.ReceiveAsync(bytes.AsMemory(0, ChunkSize), SocketFlags.None, ct);
                await _held.Writer.WriteAsync(new Chunk(bytes, count, time.GetTimestamp(), Lag()), ct);
                if (count == 0)
                    break;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException && !ct.IsCancellationRequested)
        {
            if (!Swallows)
                connection.Reset();
        }
        finally
        {
            _held.Writer.TryComplete();
        }
    }

    private async Task Deliver(CancellationToken ct)
    {
        await foreach (var chunk in _held.Reader.ReadAllAsync(ct))
        {
            var wait = chunk.Lag - time.GetElapsedTime(chunk.ArrivedAt);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, time, ct);
            try
            {
                await Deliver(chunk, ct);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException && !ct.IsCancellationRequested)
            {
                connection.TargetBroke(this);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(chunk.Bytes);
            }
        }
    }

    private async Task Deliver(Chunk chunk, CancellationToken ct)
    {
        var (allowed, reset) = Admit(chunk.Count);
        if (allowed is not { } count)
        {
            _lost.TrySetResult();
            return;
        }

        if (chunk.Count == 0)
            to.Shutdown(SocketShutdown.Send);
        for (var sent = 0; sent < count; )
            sent += await to.SendAsync(chunk.Bytes.AsMemory(sent, count - sent), SocketFlags.None, ct);
        Interlocked.Add(ref _delivered, count);
        if (reset)
            connection.Reset();
    }

    /// <returns>How many of the next bytes arrive, null if they are swallowed, and whether a reset follows
    /// them.</returns>
    private (int? Allowed, bool Reset) Admit(int count)
    {
        lock (_lock)
        {
            _hasHole |= _fault is Fault.Swallowing;
            if (_hasHole)
                return (null, false);
            if (_fault is not Fault.Resetting)
                return (count, false);
            var allowed = (int)Math.Min(_untilReset, count);
            _untilReset -= allowed;
            return (allowed, _untilReset == 0);
        }
    }

    private TimeSpan Lag()
    {
        lock (_lock)
            return _fault is Fault.Delaying delaying ? delaying.By : TimeSpan.Zero;
    }

    /// <param name="Count">0 is the end of what the sender has to say.</param>
    private sealed record Chunk(byte[] Bytes, int Count, long ArrivedAt, TimeSpan Lag);
}
