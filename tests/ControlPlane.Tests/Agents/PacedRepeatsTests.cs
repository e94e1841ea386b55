using Coder.Mesh.Shared;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

public sealed class PacedRepeatsTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly List<string> _done = [];

    [Fact]
    public void The_first_is_at_once_and_what_is_asked_for_over_and_over_comes_ever_more_rarely()
    {
        using var repeats = new PacedRepeats(_time, capacity: 10);

        // A minute in which it is asked for ten times a second.
        for (var i = 0; i < 600; i++)
        {
            repeats.Ask("a", _done.Add);
            _time.Advance(TimeSpan.FromSeconds(0.1));
        }

        // At 0, 1, 3, 7, 15 and 31 s.
        Assert.Equal(6, _done.Count);
        for (var i = 0; i < 6000; i++)
        {
            repeats.Ask("a", _done.Add);
            _time.Advance(TimeSpan.FromSeconds(0.1));
        }

        // At 63 s, and then once a minute.
        Assert.InRange(_done.Count, 15, 17);
    }

    [Fact]
    public void Nobody_waits_for_another_and_whoever_was_quiet_begins_anew()
    {
        using var repeats = new PacedRepeats(_time, capacity: 10);
        repeats.Ask("a", _done.Add);
        repeats.Ask("a", _done.Add);
        repeats.Ask("b", _done.Add);
        Assert.Equal(["a", "b"], _done);

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["a", "b", "a"], _done);
        _time.Advance(TimeSpan.FromMinutes(10));
        repeats.Ask("a", _done.Add);
        Assert.Equal(["a", "b", "a", "a"], _done);
    }

    [Fact]
    public void Memory_is_bounded_and_nothing_comes_after_the_end()
    {
        var repeats = new PacedRepeats(_time, capacity: 1);
        repeats.Ask("a", _done.Add);
        repeats.Ask("b", _done.Add);
        Assert.Equal(["a"], _done);
        repeats.Ask("a", _done.Add);
        repeats.Dispose();

        _time.Advance(TimeSpan.FromMinutes(1));
        repeats.Ask("a", _done.Add);
        Assert.Equal(["a"], _done);
    }
}
