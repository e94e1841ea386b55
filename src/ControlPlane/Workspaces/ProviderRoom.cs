using System.Collections.Concurrent;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>
/// Keeps every provider at what its agent's snapshot may hold: beyond that no session would live to its first answer.
/// Providers without a maximum of their own are not counted for each workspace, which would cost more than creating it:
/// the count is remembered for some seconds while it is far below the limit. So simultaneous calls may go over it by a few,
/// for which a snapshot has room.
/// </summary>
/// <param name="limit">Workspaces of one provider.</param>
internal sealed class ProviderRoom(int limit, TimeProvider time)
{
    private const int MaxRemembered = 100_000;
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Counted> _counts = new();

    private readonly record struct Counted(int Count, long At);

    public int Limit => limit;

    /// <returns>What it holds at least; null if it has to be counted.</returns>
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

    /// <summary>One more is placed there.</summary>
    public void Placed(string providerId)
    {
        if (_counts.TryGetValue(providerId, out var known))
            _counts.TryUpdate(providerId, known with { Count = known.Count + 1 }, known);
    }
}
