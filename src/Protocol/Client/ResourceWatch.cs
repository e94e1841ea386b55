using System.Runtime.CompilerServices;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Protocol.Client;

/// <summary>
/// A watch that survives interruptions: it resumes after the last message, lists again if that is not possible, and
/// does not report the same version twice.
/// </summary>
internal sealed class ResourceWatch<TResource, TMessage>(IWatchCalls<TResource, TMessage> calls, TimeProvider time)
    where TResource : class
{
    /// <summary>The maximum time without a message; the server sends one at least every 10 seconds.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(90);

    private static readonly Backoff Pause = Backoff.Dial;

    /// <summary>The reported resources that still exist.</summary>
    private readonly Dictionary<string, TResource> _reported = [];

    private string _token = "";
    private int _failures;

    public async IAsyncEnumerable<WatchEvent<TResource>> Run(
        string resumeToken,
        [EnumeratorCancellation] CancellationToken ct
    )
    {
        _token = resumeToken;
        while (true)
        {
            RpcException? cut;
            var events = Once(ct).GetAsyncEnumerator(ct);
            await using (events.ConfigureAwait(false))
            {
                while ((cut = await Next(events, ct).ConfigureAwait(false)) is null)
                    yield return events.Current;
            }

            if (cut is MeshOutOfRangeException)
                _token = "";
            _failures++;
            yield return new WatchInterrupted<TResource>(cut, _token);
            await Task.Delay(Pause.Delay(_failures, Random.Shared.NextDouble()), time, ct).ConfigureAwait(false);
        }
    }

    /// <returns>Null if there is a next event; otherwise the cause, if it is transient.</returns>
    private static async Task<RpcException?> Next(IAsyncEnumerator<WatchEvent<TResource>> events, CancellationToken ct)
    {
        try
        {
            return await events.MoveNextAsync().ConfigureAwait(false)
                ? null
                : new RpcException(new Status(StatusCode.Unavailable, "The watch ended."));
        }
        catch (RpcException) when (ct.IsCancellationRequested)
        {
            throw new OperationCanceledException(ct);
        }
        catch (RpcException e) when (!IsFinal(e))
        {
            return e;
        }
    }

    // Errors that only the caller can fix. Any other is retried.
    private static bool IsFinal(RpcException e) =>
        e
            is MeshInvalidArgumentException
                or MeshNotFoundException
                or MeshAccessException
                or MeshRefusedException
                or { StatusCode: StatusCode.Unimplemented };

    private async IAsyncEnumerable<WatchEvent<TResource>> Once([EnumeratorCancellation] CancellationToken ct)
    {
        if (_token.Length == 0)
        {
            await foreach (var listed in List(ct).ConfigureAwait(false))
                yield return listed;
        }

        using var silence = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var call = calls.Watch(_token, silence.Token);
        while (await Read(call.ResponseStream, silence, ct).ConfigureAwait(false) is { } message)
        {
            var (type, resource, token) = calls.Read(message);
            if (_failures > 0)
                yield return new WatchResumed<TResource>(_token);
            _failures = 0;
            _token = token;
            if (resource is not null && Report(type, resource) is { } news)
                yield return news;
        }
    }

    private async Task<TMessage?> Read(
        IAsyncStreamReader<TMessage> messages,
        CancellationTokenSource silence,
        CancellationToken ct
    )
    {
        // Disposed asynchronously, so that its callback has ended before the token source is disposed.
        var timer = time.CreateTimer(_ => silence.Cancel(), null, Silence, Timeout.InfiniteTimeSpan);
        await using var _ = timer.ConfigureAwait(false);
        try
        {
            return await messages.MoveNext(CancellationToken.None).ConfigureAwait(false) ? messages.Current : default;
        }
        catch (RpcException) when (silence.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, $"Nothing came for {Silence.TotalSeconds} s."));
        }
    }

    // Events of a list have no token: resuming from the first page would skip the rest.
    private async IAsyncEnumerable<WatchEvent<TResource>> List([EnumeratorCancellation] CancellationToken ct)
    {
        string? from = null;
        var gone = _reported.Keys.ToHashSet();
        await foreach (var (resources, token) in calls.List(ct).ConfigureAwait(false))
        {
            from ??= token;
            foreach (var resource in resources)
            {
                var id = calls.Key(resource).Id;
                gone.Remove(id);
                // Not compared by version, which may be lower after the database was restored.
                if (_reported.TryGetValue(id, out var last) && last.Equals(resource))
                    continue;
                _reported[id] = resource;
                yield return new ResourceChanged<TResource>(resource, _token);
            }
        }

        foreach (var id in gone)
        {
            if (_reported.Remove(id, out var last))
                yield return new ResourceRemoved<TResource>(last, _token);
        }

        _token = from!;
        yield return new WatchSynced<TResource>(_token);
    }

    private bool IsNews(TResource last, TResource resource, ulong version) =>
        calls.Key(last).Version is var known
        && (known < version || known == version && calls.ChangesWithoutVersion && !last.Equals(resource));

    private WatchEvent<TResource>? Report(ChangeType type, TResource resource)
    {
        var (id, version) = calls.Key(resource);
        if (_reported.TryGetValue(id, out var last) && !IsNews(last, resource, version))
            return null;
        if (type == ChangeType.Removed)
        {
            _reported.Remove(id);
            return new ResourceRemoved<TResource>(resource, _token);
        }

        _reported[id] = resource;
        return new ResourceChanged<TResource>(resource, _token);
    }
}
