using System.Threading.Channels;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Watches all kinds of objects of one provider, and reports workspaces to a sink.</summary>
internal sealed class ClusterWatch(
    KubernetesApi api,
    WatchHealth health,
    KubernetesOptions options,
    TimeProvider time,
    ILogger<ClusterWatch> logger
)
{
    private const int FeedCapacity = 256;

    public async Task Run(
        DriverIdentity identity,
        IClusterSink sink,
        Func<string, bool> removing,
        Action<string> gone,
        CancellationToken ct
    )
    {
        // When it is full, the watches stop reading, which holds the API server back.
        var feed = Channel.CreateBounded<Action<ClusterView>>(
            new BoundedChannelOptions(FeedCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait }
        );
        var selector = Names.Selector(identity);
        var view = new ClusterView(identity, sink, removing, gone, options.PendingTimeout, time, Names.IsId);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task[] tasks =
        [
            Follow(ApiResource.Deployments, ObjectKind.Deployment).Run(stop.Token),
            Follow(ApiResource.Claims, ObjectKind.Claim).Run(stop.Token),
            FollowPods(identity, feed.Writer, stop.Token),
            Follow(ApiResource.Of(WorkspaceKinds.ServiceAccount), ObjectKind.ServiceAccount).Run(stop.Token),
            Follow(ApiResource.Of(WorkspaceKinds.NetworkPolicy), ObjectKind.NetworkPolicy).Run(stop.Token),
            Follow(ApiResource.Of(WorkspaceKinds.Service), ObjectKind.Service).Run(stop.Token),
            FollowEvents(view, feed.Writer, stop.Token),
            ApplyChanges(view, feed, stop.Token),
        ];

        // None of them ends by itself: the first that ends has failed, and the others are cancelled.
        await Task.WhenAny(tasks);
        await stop.CancelAsync();
        await Task.WhenAll(tasks);

        ResourceWatch<T> Follow<T>(ApiResource<T> resource, ObjectKind kind)
            where T : class, IClusterObject =>
            new(resource, kind, selector, api, health, feed.Writer, options, time, logger);
    }

    /// <summary>
    /// Reads all pods of the namespace and drops most that are not ours: labels can be changed, and a pod without them
    /// still uses the disk.
    /// </summary>
    private Task FollowPods(DriverIdentity identity, ChannelWriter<Action<ClusterView>> feed, CancellationToken ct) =>
        new ResourceWatch<PodObject>(
            ApiResource.Pods,
            ObjectKind.Pod,
            selector: "",
            api,
            health,
            feed,
            options,
            time,
            logger,
            pod => IsRelevant(pod, identity)
        ).Run(ct);

    private static bool IsRelevant(PodObject pod, DriverIdentity identity) =>
        pod.MountedWorkspace is not null || pod.Metadata.Labels?.ProviderId == identity.ProviderId;

    /// <summary>
    /// Reads the Events of the whole namespace, which have no labels, and drops most. They only supplement the objects:
    /// nothing waits for them, and an agent without permission works without them.
    /// </summary>
    private async Task FollowEvents(ClusterView view, ChannelWriter<Action<ClusterView>> feed, CancellationToken ct)
    {
        await view.FirstList.WaitAsync(ct);
        var watch = new ResourceWatch<EventObject>(
            ApiResource.Events,
            ObjectKind.Event,
            selector: "",
            api,
            health: null,
            feed,
            options,
            time,
            logger,
            SeenEvent.IsRelevant
        );
        await watch.Run(ct);
    }

    private async Task ApplyChanges(ClusterView view, Channel<Action<ClusterView>> feed, CancellationToken ct)
    {
        DateTimeOffset? armed = null;
        // A full feed needs no signal: reading any entry checks the time.
        await using var alarm = time.CreateTimer(
            _ => feed.Writer.TryWrite(_ => armed = null),
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan
        );
        await foreach (var change in feed.Reader.ReadAllAsync(ct))
        {
            change(view);
            var next = view.PassTime();
            if (next == armed)
                continue;
            armed = next;
            alarm.Change(next is { } at ? Until(at) : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    // Timers have a resolution of milliseconds and must not fire early.
    private TimeSpan Until(DateTimeOffset at)
    {
        var left = at - time.GetUtcNow() + TimeSpan.FromMilliseconds(1);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
