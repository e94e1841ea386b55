using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Lists one kind of object and watches its changes without end, and writes them to the feed in order.
/// </summary>
/// <param name="wanted">Filter; other objects are dropped as soon as they are read. Null for all.</param>
internal sealed class ResourceWatch<T>(
    ApiResource<T> resource,
    ObjectKind kind,
    string selector,
    KubernetesApi api,
    WatchHealth? health,
    ChannelWriter<Action<ClusterView>> feed,
    KubernetesOptions options,
    TimeProvider time,
    ILogger logger,
    Predicate<T>? wanted = null
)
    where T : class, IClusterObject
{
    // A watch that ends sooner without any change has failed; one with changes is opened again only after this time.
    // Both prevent a hot loop.
    private static readonly TimeSpan MinLifetime = TimeSpan.FromSeconds(1);

    private string _resourceVersion = "";
    private int _failures;
    private int _expiries;

    public async Task Run(CancellationToken ct)
    {
        try
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
        finally
        {
            // The watch has been cancelled, so it is not stalled.
            health?.Succeeded(resource.Plural);
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
            await Task.Delay(AfterExpiry(), time, ct);
            return false;
        }
        catch (ApiException e)
        {
            await Wait(e.Message, e.RetryAfter, !e.Denied, ct);
            return false;
        }
        catch (ClusterException e)
        {
            await Wait(e.Message, TimeSpan.Zero, counts: true, ct);
            return false;
        }
    }

    /// <summary>Waits as long as the server asked, and a random time more.</summary>
    private async Task Wait(string reason, TimeSpan asked, bool counts, CancellationToken ct)
    {
        if (counts)
            health?.Failed(resource.Plural, reason);
        else
            // Permissions are checked separately, with better messages.
            health?.Succeeded(resource.Plural);
        var failures = Interlocked.Increment(ref _failures);
        var delay = asked + Backoff.Dial.Delay(failures, Random.Shared.NextDouble());
        if (failures == 1)
            logger.WatchFailed(resource.Plural, delay, reason);
        else
            logger.WatchStillFails(resource.Plural, delay, reason);
        await Task.Delay(delay, time, ct);
    }

    // An expired resource version is normal, so the first one causes no backoff. If it expires again before any change
    // arrives, listing is delayed further, because lists are the most expensive requests for the API server.
    private TimeSpan AfterExpiry()
    {
        logger.WatchExpired(resource.Plural);
        var again = _expiries++ > 0 ? Backoff.Dial.Delay(_expiries, Random.Shared.NextDouble()) : TimeSpan.Zero;
        return options.RelistJitter * Random.Shared.NextDouble() + again;
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
        var received = false;
        // A watch that stays open works, even without changes.
        await using var steady = time.CreateTimer(
            _ => Worked(),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
        var changes = api.Watch(resource, selector, _resourceVersion, lifetime, Opened, ct);
        await foreach (var change in changes)
        {
            if (change.Type == "ERROR")
                throw Refusal(change.Object);
            received = true;
            _expiries = 0;
            Worked();
            if (change.Object.Deserialize(resource.One) is { } item)
                await Forward(change.Type, item, ct);
        }

        var lived = time.GetElapsedTime(openedAt);
        if (!received && lived < MinLifetime)
            throw Transport.Unreachable("A watch ended as soon as it was opened.", new IOException());
        if (lived < MinLifetime)
            await Task.Delay(MinLifetime - lived, time, ct);

        void Opened() => steady.Change(MinLifetime, Timeout.InfiniteTimeSpan);
    }

    private async Task Forward(string type, T item, CancellationToken ct)
    {
        if (type is "ADDED" or "MODIFIED" && Wanted(item))
            await feed.WriteAsync(view => view.Put(kind, item), ct);
        else if (type == "DELETED" && Wanted(item))
            await feed.WriteAsync(view => view.Delete(kind, item), ct);
        // Everything else, such as a bookmark, only moves the position to resume from.
        _resourceVersion = item.Metadata.ResourceVersion ?? _resourceVersion;
    }

    private bool Wanted(T item) => wanted is null || wanted(item);

    private void Worked()
    {
        health?.Succeeded(resource.Plural);
        if (Interlocked.Exchange(ref _failures, 0) > 0)
            logger.WatchBack(resource.Plural);
    }

    private static ApiException Refusal(JsonElement status)
    {
        var body = status.Deserialize(KubernetesJsonContext.Default.ApiStatus);
        var code = (HttpStatusCode)(body?.Code is > 0 and < 1000 ? body.Code : 500);
        return new ApiException(code, body, "The API server ended a watch.");
    }
}
