using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Presence;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

public sealed class ReportPaceTests
{
    private static readonly DateTimeOffset T0 = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_burst_is_stored_at_once_and_then_one_in_each_interval()
    {
        var pace = new ReportPace();
        for (var i = 0; i < ReportPace.Burst; i++)
        {
            Assert.Equal(TimeSpan.Zero, pace.Wait(T0));
            pace = pace.Stored(T0);
        }

        Assert.Equal(ReportPace.Interval, pace.Wait(T0));
        Assert.Equal(TimeSpan.Zero, pace.Wait(T0 + ReportPace.Interval));
        Assert.Equal(ReportPace.Interval, pace.Stored(T0 + ReportPace.Interval).Wait(T0 + ReportPace.Interval));
    }

    [Fact]
    public void After_a_quiet_time_there_is_room_for_a_burst_again_and_no_more()
    {
        var pace = Stored(new ReportPace(), T0, ReportPace.Burst);
        var later = T0 + (100 * ReportPace.Burst * ReportPace.Interval);

        Assert.Equal(TimeSpan.Zero, Stored(pace, later, ReportPace.Burst - 1).Wait(later));
        Assert.Equal(ReportPace.Interval, Stored(pace, later, ReportPace.Burst).Wait(later));
    }

    [Fact]
    public void What_could_not_wait_makes_the_others_wait_no_longer_than_an_interval() =>
        Assert.Equal(ReportPace.Interval, Stored(new ReportPace(), T0, 1_000).Wait(T0));

    private static ReportPace Stored(ReportPace pace, DateTimeOffset at, int times)
    {
        for (var i = 0; i < times; i++)
            pace = pace.Stored(at);
        return pace;
    }
}
