using System.Collections.Concurrent;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Determines whether the watches work. Without them, the agent's reports are outdated, however well the API server
/// answers otherwise.
/// </summary>
internal sealed class WatchHealth(TimeProvider time)
{
    // Shorter interruptions are caused by restarts of API servers and broken connections.
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

    /// <returns>The watches that are stalled, and why; null if none is.</returns>
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
