using System.Net;
using System.Net.Sockets;

namespace Coder.Mesh.ControlPlane.AccessLog;

/// <summary>
/// Logs refusals of callers and agents, at most one line a minute for each reason and address: the first one
/// immediately, the following ones as a count. The number of entries is bounded, because callers choose their
/// addresses; addresses without room share one entry for each reason.
/// </summary>
internal sealed class RefusalLog(TimeProvider time, ILogger<RefusalLog> logger) : BackgroundService
{
    /// <summary>Maximum number of entries, besides one for each reason. Also bounds the lines per minute.</summary>
    public const int MaxEntries = 200;

    /// <summary>Stands for all addresses without an entry.</summary>
    public const string OtherAddresses = "other addresses";

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private const int MaxSubjects = 3;
    private const int NetworkBytes = 8;

    /// <summary>Maximum delay of a count after its minute.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(5);

    private readonly PeriodicTimer _timer = new(Tick, time);
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Reason, string Address), Entry> _entries = [];

    private sealed class Entry
    {
        public long WrittenAt { get; set; }

        /// <summary>Refusals since the last line.</summary>
        public long Count { get; set; }

        public HashSet<string> Subjects { get; } = [];

        public string Message { get; set; } = "";
    }

    private readonly record struct Line(string Reason, string Address, long Count, string Subjects, string Message);

    /// <summary>Number of entries.</summary>
    public int Entries
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <param name="subject">The refused caller: one of <see cref="AccessSubjects"/>.</param>
    /// <param name="reason">Reason of an error, from a closed set.</param>
    public void Add(string subject, string reason, string message, IPAddress? peer)
    {
        var address = AddressOf(peer);
        lock (_lock)
        {
            var key = (reason, address);
            if (!_entries.ContainsKey(key) && _entries.Count >= MaxEntries)
                key = (reason, address = OtherAddresses);
            if (_entries.TryGetValue(key, out var entry))
            {
                entry.Count++;
                entry.Message = message;
                if (entry.Subjects.Count <= MaxSubjects)
                    entry.Subjects.Add(subject);
                return;
            }

            _entries[key] = new Entry { WrittenAt = time.GetTimestamp() };
        }

        logger.Refused(subject, address, reason, message);
    }

    /// <summary>Writes the counts whose minute has passed. Public for tests.</summary>
    public void WriteDue() => Write(TakeDue(Window));

    public override void Dispose()
    {
        _timer.Dispose();
        base.Dispose();
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Write(TakeDue(TimeSpan.Zero));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _timer.WaitForNextTickAsync(stoppingToken))
                WriteDue();
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    /// <summary>Takes the counts of entries whose last line is older, and drops entries that have none.</summary>
    private List<Line> TakeDue(TimeSpan age)
    {
        var due = new List<Line>();
        lock (_lock)
        {
            foreach (var (key, entry) in _entries.ToList())
            {
                if (time.GetElapsedTime(entry.WrittenAt) < age)
                    continue;
                if (entry.Count == 0)
                {
                    _entries.Remove(key);
                    continue;
                }

                due.Add(new Line(key.Reason, key.Address, entry.Count, Text(entry.Subjects), entry.Message));
                (entry.WrittenAt, entry.Count) = (time.GetTimestamp(), 0);
                entry.Subjects.Clear();
            }
        }

        return due;
    }

    private void Write(List<Line> due)
    {
        foreach (var line in due)
            logger.RefusedMore(line.Count, line.Address, line.Subjects, line.Reason, line.Message);
    }

    private static string Text(HashSet<string> subjects) =>
        string.Join(", ", subjects.Take(MaxSubjects)) + (subjects.Count > MaxSubjects ? " and others" : "");

    /// <summary>
    /// Returns the /64 prefix of an IPv6 address, since a caller can usually choose any address in it.
    /// </summary>
    private static string AddressOf(IPAddress? peer)
    {
        if (peer is null)
            return "unknown";
        if (peer.IsIPv4MappedToIPv6)
            return peer.MapToIPv4().ToString();
        if (peer.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(peer))
            return peer.ToString();
        var bytes = peer.GetAddressBytes();
        bytes.AsSpan(NetworkBytes).Clear();
        return $"{new IPAddress(bytes)}/64";
    }
}
