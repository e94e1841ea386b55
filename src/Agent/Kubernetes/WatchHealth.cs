using System.Collections.Concurrent;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Whether the watches hear anything. An agent that hears nothing of its objects doesn't know what it reports any more,
/// however well the API server answers otherwise.
/// </summary>
internal sealed class WatchHealth(TimeProvider time)
{
    // Shorter ones are what restarts of API servers and cut connections look like.
    private static readonly TimeSpan StallThreshold = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Failure> _failing = new();

    private sealed record Failure(long Since, string Reason);

    public void Succeeded(string resource) => _failing.TryRemove(resource, out _);

    public void Failed(string resource, string reason) =>
        _failing.AddOrUpdate(
            resource,
            _ => new Failure(time.GetTimestamp(), reason),
            (_, before) => before with { Reason = reason }
        );

    /// <returns>What has not been heard of for too long, and why; null if all is.</returns>
    public string? StalledWatches()
    {
        var lasting = _failing
            .Where(f => time.GetElapsedTime(f.Value.Since) >= StallThreshold)
            .OrderBy(f => f.Key, StringComparer.Ordinal)
            .ToList();
        return lasting.Count == 0
            ? null
            : $"Changes of {string.Join(", ", lasting.Select(f => f.Key))} are not heard of: {lasting[0].Value.Reason}";
    }
}
