namespace Coder.Mesh.Agent.Reconcile;

/// <summary>
/// Work by key: a key is handed out to one worker at a time, and waits at most once however often it is added. So the
/// queue is bounded by the number of keys, work on one key is in order, and keys don't wait for each other.
/// </summary>
internal sealed class KeyedQueue(TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Queue<string> _ready = new();
    private readonly HashSet<string> _waiting = [];
    private readonly HashSet<string> _taken = [];
    private readonly Dictionary<string, ITimer> _later = [];
    private readonly SemaphoreSlim _available = new(0);

    /// <summary>Adds a key. One that a worker holds is handed out again once that worker is done.</summary>
    public void Add(string key)
    {
        ITimer? early;
        lock (_lock)
        {
            _later.Remove(key, out early);
            AddLocked(key);
        }

        early?.Dispose();
    }

    /// <summary>Adds a key after a delay, unless it is added before.</summary>
    public void AddLater(string key, TimeSpan delay)
    {
        lock (_lock)
        {
            if (_waiting.Contains(key) || _later.ContainsKey(key))
                return;
            _later[key] = time.CreateTimer(_ => Add(key), null, delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Waits for a key. Whoever takes one must say <see cref="Done"/>.</summary>
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
            if (_waiting.Contains(key))
                ReadyLocked(key);
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

    private void AddLocked(string key)
    {
        if (_waiting.Add(key) && !_taken.Contains(key))
            ReadyLocked(key);
    }

    private void ReadyLocked(string key)
    {
        _ready.Enqueue(key);
        _available.Release();
    }
}
