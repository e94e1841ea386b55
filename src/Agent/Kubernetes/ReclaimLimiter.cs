using System.Collections.Concurrent;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// Limits how often changed fields are reclaimed. A person changes something once. Another controller keeps changing it
/// back, so that the conflict has to be reported instead.
/// </summary>
internal sealed class ReclaimLimiter(TimeProvider time)
{
    public const int Max = 5;
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Count> _counts = new();

    private readonly record struct Count(DateTimeOffset Since, int Times);

    /// <returns>False if it was done too often.</returns>
    public bool Allows(string workspaceId) =>
        !_counts.TryGetValue(workspaceId, out var count) || count.Times < Max || IsOver(count);

    public void Done(string workspaceId) =>
        _counts.AddOrUpdate(
            workspaceId,
            _ => new Count(time.GetUtcNow(), 1),
            (_, before) => IsOver(before) ? new Count(time.GetUtcNow(), 1) : before with { Times = before.Times + 1 }
        );

    private bool IsOver(Count count) => time.GetUtcNow() - count.Since >= Period;

    public void Forget(string workspaceId) => _counts.TryRemove(workspaceId, out _);
}
