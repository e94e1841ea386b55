namespace Coder.Mesh.Agent.Reconcile;

/// <summary>
/// Queue of work by key: a key is processed by one worker at a time, and waits at most once. The queue is bounded by
/// the number of keys, work on one key is in order, and keys do not wait for each other.
/// </summary>
/// <param name="maxRepeats">
/// Maximum number of delayed keys that are processed at once. Below the number of workers, so that a new key finds a
/// worker even if many keys fail slowly.
/// </param>
internal sealed class KeyedQueue(TimeProvider time, int maxRepeats) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<string> _ready = new();
    private readonly Queue<string> _held = new();
    private readonly Dictionary<string, Wait> _waiting = [];
    private readonly HashSet<string> _taken = [];
    private readonly HashSet<string> _repeating = [];
    private readonly Dictionary<string, ITimer> _later = [];
    private readonly SemaphoreSlim _available = new(0);

    private enum Wait
    {
        New,
        Repeat,
        Held,
    }

    /// <summary>Adds a key. A key that is being processed is returned again afterwards.</summary>
    public void Add(string key) => Add(key, repeat: false);

    /// <summary>Adds a key after a delay, unless it is added before.</summary>
    public void AddLater(string key, TimeSpan delay)
    {
        lock (_lock)
        {
            if (_waiting.ContainsKey(key) || _later.ContainsKey(key))
                return;
            _later[key] = time.CreateTimer(_ => Add(key, repeat: true), null, delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Waits for a key. The caller has to call <see cref="Done"/>.</summary>
    public async Task<string> Take(CancellationToken ct)
    {
        await _available.WaitAsync(ct);
        lock (_lock)
        {
            var key = _ready.Dequeue();
            _waiting.Remove(key);
            _taken.Add(key);
            return key;
        }
    }

    public void Done(string key)
    {
        lock (_lock)
        {
            _taken.Remove(key);
            if (_repeating.Remove(key))
                NextHeldLocked();
            if (_waiting.TryGetValue(key, out var wait))
                ReadyLocked(key, wait);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var timer in _later.Values)
                timer.Dispose();
            _later.Clear();
        }
    }

    private void Add(string key, bool repeat)
    {
        ITimer? timer;
        lock (_lock)
        {
            _later.Remove(key, out timer);
            AddLocked(key, repeat ? Wait.Repeat : Wait.New);
        }

        timer?.Dispose();
    }

    private void AddLocked(string key, Wait wait)
    {
        // A new request replaces the delayed one, so that the key is not returned twice.
        var known = _waiting.TryGetValue(key, out var before);
        if (known && (wait == Wait.Repeat || before == Wait.New || (before == Wait.Repeat && !_taken.Contains(key))))
            return;
        _waiting[key] = wait;
        if (!_taken.Contains(key))
            ReadyLocked(key, wait);
    }

    private void ReadyLocked(string key, Wait wait)
    {
        if (wait == Wait.Repeat && _repeating.Count >= maxRepeats)
        {
            _waiting[key] = Wait.Held;
            _held.Enqueue(key);
            return;
        }

        if (wait == Wait.Repeat)
            _repeating.Add(key);
        _ready.Enqueue(key);
        _available.Release();
    }

    private void NextHeldLocked()
    {
        while (_held.TryDequeue(out var key))
        {
            // It may have been added again meanwhile, and removed from here.
            if (_waiting.GetValueOrDefault(key) != Wait.Held)
                continue;
            _waiting[key] = Wait.Repeat;
            ReadyLocked(key, Wait.Repeat);
            return;
        }
    }
}
