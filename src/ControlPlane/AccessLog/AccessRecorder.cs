using System.Net;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.AccessLog;

/// <summary>
/// Counts accepted and refused accesses in memory until the writer takes them. Recording neither waits nor fails.
/// Memory is bounded: when it is full, accesses are counted under another subject. Refusals are also logged.
/// </summary>
internal sealed class AccessRecorder(TimeProvider time, RefusalLog refusals)
{
    /// <summary>
    /// Rows that can wait for the database: enough for an outage of minutes while ten thousand agents reconnect.
    /// </summary>
    public const int Capacity = 20_000;

    private const int MaxMessage = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<(AccessAction, string), AccessKey> _others = [];
    private Dictionary<AccessKey, AccessCount> _pending = [];

    /// <param name="named">The subject as the log shows it, if it differs.</param>
    public void Record(
        string subject,
        AccessAction action,
        string reason,
        string message,
        IPAddress? peer,
        string? named = null
    )
    {
        var now = time.GetUtcNow();
        var kept = Cut.To(message, MaxMessage);
        var key = new AccessKey(subject, action, reason, MinuteOf(now));
        lock (_lock)
            AddLocked(key, new AccessCount(1, now, now, kept, peer?.ToString() ?? ""));
        if (reason != AccessReasons.Attached)
            refusals.Add(named ?? subject, reason, kept, peer);
    }

    /// <summary>Removes and returns all counts.</summary>
    public IReadOnlyDictionary<AccessKey, AccessCount> Take()
    {
        lock (_lock)
        {
            var taken = _pending;
            _pending = [];
            _others.Clear();
            return taken;
        }
    }

    /// <summary>Adds back counts that could not be stored.</summary>
    public void Return(IReadOnlyDictionary<AccessKey, AccessCount> taken)
    {
        lock (_lock)
        {
            foreach (var (key, count) in taken)
                AddLocked(key, count);
        }
    }

    private void AddLocked(AccessKey key, AccessCount count)
    {
        if (_pending.TryGetValue(key, out var known))
            _pending[key] = known.Plus(count);
        else if (_pending.Count < Capacity)
            _pending[key] = count;
        else
            AddToOtherLocked(key, count);
    }

    // Actions and reasons are closed sets. The minute is that of the first access without room; otherwise these rows
    // would grow with every minute.
    private void AddToOtherLocked(AccessKey key, AccessCount count)
    {
        if (!_others.TryGetValue((key.Action, key.Reason), out var other))
            _others[(key.Action, key.Reason)] = other = key with { Subject = AccessSubjects.Other };
        var nameless = count with { Message = "", Peer = "" };
        _pending[other] = _pending.TryGetValue(other, out var known) ? known.Plus(nameless) : nameless;
    }

    private static DateTimeOffset MinuteOf(DateTimeOffset at) => at.AddTicks(-(at.Ticks % TimeSpan.TicksPerMinute));
}
