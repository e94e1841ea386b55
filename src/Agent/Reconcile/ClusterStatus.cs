using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Reconcile;

/// <summary>Holds the latest <see cref="Readiness"/>. The probe loop is its only writer.</summary>
internal sealed class ClusterStatus(ClusterFacts initialFacts)
{
    private readonly Lock _lock = new();
    private Readiness? _current;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Null before the first probe has ended.</summary>
    public Readiness? Current
    {
        get
        {
            lock (_lock)
                return _current;
        }
    }

    /// <summary>What is known of the cluster before it has answered.</summary>
    public ClusterFacts InitialFacts => initialFacts;

    public void Publish(Readiness readiness)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (ReferenceEquals(_current, readiness))
                return;
            _current = readiness;
            changed = _changed;
            _changed = NewSignal();
        }

        changed.SetResult();
    }

    /// <summary>Waits until the readiness differs from the given one.</summary>
    public async Task<Readiness> Next(Readiness? known, CancellationToken ct)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_current is { } current && !ReferenceEquals(current, known))
                    return current;
                changed = _changed.Task;
            }

            await changed.WaitAsync(ct);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
