using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Coder.Mesh.Tests.Support.Kubernetes;

/// <summary>How a <see cref="FakeKubelet"/> plays pods.</summary>
public enum PodPlay
{
    /// <summary>The container runs and is ready; a terminating pod goes at once.</summary>
    Run,

    /// <summary>As <see cref="Run"/>, and Events tell of the image.</summary>
    RunAndTell,

    /// <summary>Nothing happens to any pod, not even to a terminating one.</summary>
    Hold,

    /// <summary>The image can't be pulled; a terminating pod goes at once.</summary>
    FailImagePull,

    /// <summary>The container ends again and again with exit code 3; a terminating pod goes at once.</summary>
    CrashLoop,

    /// <summary>The container uses too much memory again and again; a terminating pod goes at once.</summary>
    RunOutOfMemory,
}

/// <summary>Plays the kubelet of one node: gives the pods scheduled to it the status that a real one would.</summary>
public sealed class FakeKubelet : IAsyncDisposable
{
    private readonly ClusterApi _api;
    private readonly FakeNode _node;
    private readonly ConcurrentDictionary<string, PodPlay> _plays = new();
    private readonly ConcurrentDictionary<string, byte> _told = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    private FakeKubelet(ClusterApi api, FakeNode node)
    {
        _api = api;
        _node = node;
        _loop = Task.Run(Loop);
    }

    internal static FakeKubelet Start(KubernetesControlPlane controlPlane, FakeNode node) =>
        new(controlPlane.Admin, node);

    /// <summary>Plays a namespace's pods in another way from now on, those that are there included.</summary>
    public async Task Play(TestNamespace ns, PodPlay play, CancellationToken ct)
    {
        _plays[ns.Name] = play;
        foreach (var pod in await ns.List("pods", ct))
        {
            if (pod["spec"]?["nodeName"]?.GetValue<string>() == _node.Name)
                await Play(pod, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _loop;
        }
        catch (OperationCanceledException)
        {
            // That is how the loop ends.
        }

        _stop.Dispose();
    }

    private async Task Loop()
    {
        var path = $"api/v1/pods?fieldSelector=spec.nodeName%3D{_node.Name}";
        await foreach (var (type, pod) in _api.Follow(path, _stop.Token))
        {
            if (type is "ADDED" or "MODIFIED")
                await Play(pod, _stop.Token);
        }
    }

    private async Task Play(JsonNode pod, CancellationToken ct)
    {
        var metadata = pod["metadata"]!;
        var ns = metadata["namespace"]!.GetValue<string>();
        var path = $"api/v1/namespaces/{ns}/pods/{metadata["name"]!.GetValue<string>()}";
        var play = _plays.GetValueOrDefault(ns, PodPlay.Run);
        var over = pod["status"]?["phase"]?.GetValue<string>() == "Failed";
        if (play == PodPlay.Hold || (over && metadata["deletionTimestamp"] is null))
            return;
        if (play == PodPlay.RunAndTell && _told.TryAdd(metadata["uid"]!.GetValue<string>(), 0))
        {
            await Tell(pod, "Pulling", "Pulling image", ct);
            await Tell(pod, "Pulled", "Successfully pulled image", ct);
        }

        await ClusterApi.Insist(
            () =>
                metadata["deletionTimestamp"] is not null
                    ? _api.Delete(path, ct)
                    : _api.Patch($"{path}/status", new JsonObject { ["status"] = PodStatus.Of(pod, play) }, ct),
            ct
        );
    }

    private Task Tell(JsonNode pod, string reason, string words, CancellationToken ct)
    {
        var metadata = pod["metadata"]!;
        var at = metadata["creationTimestamp"]!.GetValue<string>();
        var told = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = $"{metadata["name"]}.{reason}".ToLowerInvariant() },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Pod",
                ["namespace"] = metadata["namespace"]!.DeepClone(),
                ["name"] = metadata["name"]!.DeepClone(),
                ["uid"] = metadata["uid"]!.DeepClone(),
            },
            ["type"] = "Normal",
            ["reason"] = reason,
            ["message"] = $"{words} \"{pod["spec"]!["containers"]![0]!["image"]}\"",
            ["firstTimestamp"] = at,
            ["lastTimestamp"] = at,
            ["count"] = 1,
        };
        var path = $"api/v1/namespaces/{metadata["namespace"]!.GetValue<string>()}/events";
        return ClusterApi.Insist(() => _api.Create(path, told, ct), ct);
    }
}
