using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Tests.Base;

public sealed class PaceTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Pace Pace = new(10, TimeSpan.FromSeconds(30));

    [Fact]
    public void A_burst_is_stored_at_once_and_then_one_in_each_interval()
    {
        DateTimeOffset fullAt = default;
        for (var i = 0; i < Pace.Burst; i++)
        {
            Assert.Equal(TimeSpan.Zero, Pace.Wait(fullAt, T0));
            fullAt = Pace.Stored(fullAt, T0);
        }

        var next = T0 + Pace.Interval;
        Assert.Equal(Pace.Interval, Pace.Wait(fullAt, T0));
        Assert.Equal(TimeSpan.Zero, Pace.Wait(fullAt, next));
        Assert.Equal(Pace.Interval, Pace.Wait(Pace.Stored(fullAt, next), next));
    }

    [Fact]
    public void After_a_quiet_time_there_is_room_for_a_burst_again_and_no_more()
    {
        var fullAt = Stored(default, T0, Pace.Burst);
        var later = T0 + (100 * Pace.Burst * Pace.Interval);

        Assert.Equal(TimeSpan.Zero, Pace.Wait(Stored(fullAt, later, Pace.Burst - 1), later));
        Assert.Equal(Pace.Interval, Pace.Wait(Stored(fullAt, later, Pace.Burst), later));
    }

    [Fact]
    public void What_could_not_wait_makes_the_others_wait_no_longer_than_an_interval() =>
        Assert.Equal(Pace.Interval, Pace.Wait(Stored(default, T0, 1_000), T0));

    [Fact]
    public void A_clock_that_was_set_back_makes_nothing_wait() =>
        Assert.Equal(TimeSpan.Zero, Pace.Wait(Stored(default, T0, 1_000), T0 - TimeSpan.FromDays(1)));

    private static DateTimeOffset Stored(DateTimeOffset fullAt, DateTimeOffset at, int times)
    {
        for (var i = 0; i < times; i++)
            fullAt = Pace.Stored(fullAt, at);
        return fullAt;
    }
}
