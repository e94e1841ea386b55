using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Lists one kind of object and follows its changes, for ever: what it sees goes to the feed in order.</summary>
/// <param name="wanted">What else is let go as soon as it is read; null if all of it is wanted.</param>
internal sealed class ResourceWatch<T>(
    ApiResource<T> resource,
    ObjectKind kind,
    string selector,
    KubernetesApi api,
    ChannelWriter<Action<ClusterView>> feed,
    KubernetesOptions options,
    TimeProvider time,
    ILogger logger,
    Predicate<T>? wanted = null
)
    where T : class, IClusterObject
{
    // A watch that ends sooner than this without a word is a failure, whoever ended it: it must not be opened in a spin.
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    private string _resourceVersion = "";
    private int _failures;

    public async Task Run(CancellationToken ct)
    {
        while (true)
        {
            if (!await Attempt(List, ct))
                continue;
            var listedAt = time.GetTimestamp();
            var until = options.RelistInterval * (0.8 + 0.4 * Random.Shared.NextDouble());
            while (_resourceVersion.Length > 0 && time.GetElapsedTime(listedAt) < until)
                await Attempt(Follow, ct);
        }
    }

    private async Task<bool> Attempt(Func<CancellationToken, Task> step, CancellationToken ct)
    {
        try
        {
            await step(ct);
            return true;
        }
        catch (ApiException e) when (e.Expired)
        {
            _resourceVersion = "";
            await Task.Delay(options.RelistJitter * Random.Shared.NextDouble(), time, ct);
            return false;
        }
        catch (Exception e) when (e is ApiException or ClusterException)
        {
            _failures++;
            if (_failures == 1)
                logger.WatchFailed(resource.Plural, e.Message);
            else
                logger.WatchStillFails(resource.Plural, e.Message);
            await Task.Delay(Backoff.Dial.Delay(_failures, Random.Shared.NextDouble()), time, ct);
            return false;
        }
    }

    private async Task List(CancellationToken ct)
    {
        var items = new List<T>();
        ObjectList<T> page;
        string? next = null;
        do
        {
            page = await api.List(resource, selector, options.PageSize, next, ct);
            items.AddRange((page.Items ?? []).Where(Wanted));
            next = page.Metadata.Continue;
        } while (!string.IsNullOrEmpty(next));

        _resourceVersion = page.Metadata.ResourceVersion ?? "";
        Worked();
        logger.Listed(resource.Plural, items.Count, _resourceVersion);
        await feed.WriteAsync(view => view.Replace(kind, items), ct);
    }

    private async Task Follow(CancellationToken ct)
    {
        var openedAt = time.GetTimestamp();
        var lifetime = options.WatchLifetime * (1 + Random.Shared.NextDouble());
        var heard = false;
        await foreach (var change in api.Watch(resource, selector, _resourceVersion, lifetime, ct))
        {
            if (change.Type == "ERROR")
                throw Refusal(change.Object);
            heard = true;
            Worked();
            if (change.Object.Deserialize(resource.One) is { } item)
                await Pass(change.Type, item, ct);
        }

        if (!heard && time.GetElapsedTime(openedAt) < Shortest)
            throw Transport.Unreachable("A watch ended as soon as it was opened.", new IOException());
    }

    private async Task Pass(string type, T item, CancellationToken ct)
    {
        if (type is "ADDED" or "MODIFIED" && Wanted(item))
            await feed.WriteAsync(view => view.Put(kind, item), ct);
        else if (type == "DELETED" && Wanted(item))
            await feed.WriteAsync(view => view.Delete(kind, item), ct);
        // Whatever else, above all a bookmark, only moves the point to resume from.
        _resourceVersion = item.Metadata.ResourceVersion ?? _resourceVersion;
    }

    private bool Wanted(T item) => wanted is null || wanted(item);

    private void Worked()
    {
        if (_failures > 0)
            logger.WatchBack(resource.Plural);
        _failures = 0;
    }

    private static ApiException Refusal(JsonElement status)
    {
        var body = status.Deserialize(KubernetesJsonContext.Default.ApiStatus);
        var code = (HttpStatusCode)(body?.Code is > 0 and < 1000 ? body.Code : 500);
        return new ApiException(code, body, "The API server ended a watch.");
    }
}
