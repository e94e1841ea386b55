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

    /// <summary>Ends the watch that reads it next.</summary>
    public RpcException? Cut { get; set; }

    public async Task Serve(object request, IServerStreamWriter<T> watcher, CancellationToken ct)
    {
        await Watchers.Writer.WriteAsync(request, ct);
        await foreach (var change in _all.Reader.ReadAllAsync(ct))
        {
            if (Cut is { } cut)
            {
                Cut = null;
                throw cut;
            }
            await watcher.WriteAsync(change, ct);
        }
    }
}
