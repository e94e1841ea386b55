using System.Collections.Concurrent;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>
/// Limits every provider to the number of workspaces that a snapshot can hold, beyond which no session would survive
/// its first snapshot. Providers without a maximum are not counted for each workspace, which would cost more than the
/// creation: the count is cached for some seconds while it is far below the limit. Concurrent calls may exceed the
/// limit by a few, for which snapshots have room.
/// </summary>
/// <param name="limit">Maximum number of workspaces of one provider.</param>
internal sealed class ProviderRoom(int limit, TimeProvider time)
{
    private const int MaxRemembered = 100_000;
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Counted> _counts = new();

    private readonly record struct Counted(int Count, long At);

    public int Limit => limit;

    /// <returns>A lower bound of the number of workspaces; null if it has to be counted.</returns>
    public int? Estimate(string providerId) =>
        _counts.TryGetValue(providerId, out var known) && known.Count < Limit / 2 && time.GetElapsedTime(known.At) < Age
            ? known.Count
            : null;

    public void Saw(string providerId, int count)
    {
        if (_counts.Count >= MaxRemembered)
            _counts.Clear();
        _counts[providerId] = new Counted(count, time.GetTimestamp());
    }

    /// <summary>Records another placed workspace.</summary>
    public void Placed(string providerId)
    {
        if (_counts.TryGetValue(providerId, out var known))
            _counts.TryUpdate(providerId, known with { Count = known.Count + 1 }, known);
    }
}
