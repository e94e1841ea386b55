using System.Collections.Concurrent;

namespace Coder.Mesh.Load.Agents;

/// <summary>What a crowd has met so far.</summary>
/// <param name="Dialled">TCP connections opened.</param>
/// <param name="Welcomed">Agents that got their Welcome.</param>
/// <param name="Attached">Agents whose session is open now.</param>
/// <param name="HeartbeatsSent">Heartbeats that left.</param>
/// <param name="HeartbeatsAnswered">HeartbeatAcks that came.</param>
/// <param name="SnapshotsAnswered">SnapshotCompletes that came.</param>
/// <param name="OtherFrames">Frames of any other kind.</param>
/// <param name="ExpectedPerSecond">Heartbeats per second of the open sessions, by the intervals that Welcome
/// gave.</param>
/// <param name="EndedEarly">Sessions that ended though nobody asked them to, by status and reason.</param>
internal sealed record CrowdCounts(
    long Dialled,
    long Welcomed,
    long Attached,
    long HeartbeatsSent,
    long HeartbeatsAnswered,
    long SnapshotsAnswered,
    long OtherFrames,
    double ExpectedPerSecond,
    IReadOnlyDictionary<string, int> EndedEarly
);

/// <summary>Counts from many agents at once.</summary>
internal sealed class CrowdCounters
{
    // Ends are few kinds; a server that puts an id in each message must not grow this without bound.
    private const int MaxKindsOfEnd = 32;

    private readonly ConcurrentDictionary<string, int> _endedEarly = new(StringComparer.Ordinal);
    private long _dialled;
    private long _welcomed;
    private long _attached;
    private long _sent;
    private long _answered;
    private long _snapshots;
    private long _others;
    private long _milliHertz;

    public void Dialled() => Interlocked.Increment(ref _dialled);

    public void HeartbeatSent() => Interlocked.Increment(ref _sent);

    public void HeartbeatAnswered() => Interlocked.Increment(ref _answered);

    public void SnapshotAnswered() => Interlocked.Increment(ref _snapshots);

    public void OtherFrame() => Interlocked.Increment(ref _others);

    public void Welcomed(TimeSpan interval)
    {
        Interlocked.Increment(ref _welcomed);
        Interlocked.Increment(ref _attached);
        Interlocked.Add(ref _milliHertz, MilliHertz(interval));
    }

    public void Detached(TimeSpan interval)
    {
        Interlocked.Decrement(ref _attached);
        Interlocked.Add(ref _milliHertz, -MilliHertz(interval));
    }

    public void EndedEarly(string kind)
    {
        var key = _endedEarly.ContainsKey(kind) || _endedEarly.Count < MaxKindsOfEnd ? kind : "other";
        _endedEarly.AddOrUpdate(key, 1, (_, count) => count + 1);
    }

    public CrowdCounts Read() =>
        new(
            Interlocked.Read(ref _dialled),
            Interlocked.Read(ref _welcomed),
            Interlocked.Read(ref _attached),
            Interlocked.Read(ref _sent),
            Interlocked.Read(ref _answered),
            Interlocked.Read(ref _snapshots),
            Interlocked.Read(ref _others),
            Interlocked.Read(ref _milliHertz) / 1_000d,
            new SortedDictionary<string, int>(_endedEarly, StringComparer.Ordinal)
        );

    private static long MilliHertz(TimeSpan interval) => (long)Math.Round(1_000 / interval.TotalSeconds);
}
