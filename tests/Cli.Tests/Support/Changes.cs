using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>What a watch is told, one after the other; it ends when a test cuts it.</summary>
public sealed class Changes<T>
{
    private readonly Channel<T> _all = Channel.CreateUnbounded<T>();

    /// <summary>The requests, one for each time that somebody watched.</summary>
    public Channel<object> Watchers { get; } = Channel.CreateUnbounded<object>();

    public void Tell(T change) => _all.Writer.TryWrite(change);

    /// <summary>Each ends a watch in place of a change.</summary>
    public ConcurrentQueue<RpcException> Cuts { get; } = [];

    public async Task Serve(object request, IServerStreamWriter<T> watcher, CancellationToken ct)
    {
        await Watchers.Writer.WriteAsync(request, ct);
        await foreach (var change in _all.Reader.ReadAllAsync(ct))
        {
            if (Cuts.TryDequeue(out var cut))
                throw cut;
            await watcher.WriteAsync(change, ct);
        }
    }
}
