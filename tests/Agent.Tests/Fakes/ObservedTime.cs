using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Agent.Tests.Fakes;

/// <summary>A clock that stands still, and tells which timers wait on it: arm, then advance.</summary>
internal sealed class ObservedTime : FakeTimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<TimeSpan> _armed = [];
    private readonly List<(TimeSpan Due, TaskCompletionSource Seen)> _waiting = [];

    public ObservedTime()
        : base(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { }

    /// <summary>Waits for a timer with exactly this due time that no earlier call has waited for.</summary>
    public Task Armed(TimeSpan due)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_armed.Remove(due))
                return Task.CompletedTask;
            _waiting.Add((due, seen));
        }

        return seen.Task.WaitAsync(Patience.Limit, TestContext.Current.CancellationToken);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        lock (_lock)
        {
            var index = _waiting.FindIndex(w => w.Due == dueTime);
            if (index >= 0)
            {
                _waiting[index].Seen.SetResult();
                _waiting.RemoveAt(index);
            }
            else
            {
                _armed.Add(dueTime);
            }
        }

        return timer;
    }
}

/// <summary>How long a test waits for what should come at once; only a broken one waits that long.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
}
