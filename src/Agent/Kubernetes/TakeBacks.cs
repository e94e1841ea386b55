using System.Collections.Concurrent;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>
/// How often fields that somebody else has changed are taken back. A person changes something once; whoever goes on changing
/// it back is another controller, and a fight with it helps nobody: then it is told as a conflict.
/// </summary>
internal sealed class TakeBacks(TimeProvider time)
{
    public const int Most = 5;
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Count> _counts = new();

    private readonly record struct Count(DateTimeOffset Since, int Times);

    /// <returns>False if it has been done too often.</returns>
    public bool Take(string workspaceId)
    {
        var now = time.GetUtcNow();
        var count = _counts.AddOrUpdate(
            workspaceId,
            _ => new Count(now, 1),
            (_, before) => now - before.Since >= Period ? new Count(now, 1) : before with { Times = before.Times + 1 }
        );
        return count.Times <= Most;
    }

    public void Forget(string workspaceId) => _counts.TryRemove(workspaceId, out _);
}
