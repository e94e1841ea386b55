using System.Collections.Concurrent;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// How often fields that somebody else has changed are taken back. A person changes something once; whoever goes on changing
/// it back is another controller, and a fight with it helps nobody: then it is told as a conflict.
/// </summary>
internal sealed class ReclaimLimiter(TimeProvider time)
{
    public const int Max = 5;
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Count> _counts = new();

    private readonly record struct Count(DateTimeOffset Since, int Times);

    /// <returns>False if it has been done too often.</returns>
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
