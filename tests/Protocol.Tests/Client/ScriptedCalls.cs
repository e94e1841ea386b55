using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Protocol.Tests.Client;

/// <summary>What a control plane answers to a watch, one list and one stream after the other.</summary>
internal sealed class ScriptedCalls : IWatchCalls<Workspace, WatchWorkspacesResponse>
{
    private readonly Queue<(string Token, Workspace[] Page, RpcException? Cut)> _lists = [];
    private readonly Queue<Channel<WatchWorkspacesResponse>> _streams = [];
    private readonly Channel<bool> _watched = Channel.CreateUnbounded<bool>();

    public bool ChangesWithoutVersion { get; init; }

    /// <summary>The tokens that streams were asked for with.</summary>
    public List<string> Asked { get; } = [];

    public void Listed(string token, params Workspace[] page) => _lists.Enqueue((token, page, null));

    /// <summary>A list of which a page comes, and no other.</summary>
    public void CutList(string token, params Workspace[] page) =>
        _lists.Enqueue((token, page, Fails(StatusCode.Unavailable)));

    /// <summary>A stream that goes on until it is completed, with what ends it.</summary>
    public Channel<WatchWorkspacesResponse> Stream(params WatchWorkspacesResponse[] messages)
    {
        var stream = Channel.CreateUnbounded<WatchWorkspacesResponse>();
        foreach (var message in messages)
            stream.Writer.TryWrite(message);
        _streams.Enqueue(stream);
        return stream;
    }

    public void Stream(StatusCode end, params WatchWorkspacesResponse[] messages) =>
        Stream(messages).Writer.Complete(Fails(end));

    /// <summary>Waits until the next stream is read.</summary>
    public Task Watched(CancellationToken ct) => _watched.Reader.ReadAsync(ct).AsTask();

    private static MeshException Fails(StatusCode code) => MeshException.From(new RpcException(new Status(code, "")));

    public async IAsyncEnumerable<(IReadOnlyList<Workspace>, string)> List(
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        await Task.CompletedTask;
        var (token, page, cut) = _lists.Dequeue();
        yield return (page, token);
        if (cut is not null)
            throw cut;
    }

    public AsyncServerStreamingCall<WatchWorkspacesResponse> Watch(string resumeToken, CancellationToken ct)
    {
        Asked.Add(resumeToken);
        return new AsyncServerStreamingCall<WatchWorkspacesResponse>(
            new Reader(_streams.Dequeue().Reader, _watched.Writer, ct),
            Task.FromResult(new Metadata()),
            () => Status.DefaultSuccess,
            () => [],
            () => { }
        );
    }

    public (ChangeType, Workspace?, string) Read(WatchWorkspacesResponse message) =>
        (message.Type, message.Workspace, message.ResumeToken);

    public (string Id, ulong Version) Key(Workspace resource) => (resource.Id, resource.ResourceVersion);

    private sealed class Reader(
        ChannelReader<WatchWorkspacesResponse> messages,
        ChannelWriter<bool> watched,
        CancellationToken call
    ) : IAsyncStreamReader<WatchWorkspacesResponse>
    {
        public WatchWorkspacesResponse Current { get; private set; } = new();

        public async Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            try
            {
                if (!messages.TryPeek(out _))
                    watched.TryWrite(true);
                if (!await messages.WaitToReadAsync(call) || !messages.TryRead(out var message))
                    return false;
                Current = message;
                return true;
            }
            catch (OperationCanceledException)
            {
                throw Fails(StatusCode.Cancelled);
            }
        }
    }
}
