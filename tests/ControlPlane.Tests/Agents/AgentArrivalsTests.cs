using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

public sealed class AgentArrivalsTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void No_more_agents_arrive_at_once_than_can_be_attached_within_their_patience()
    {
        var arrivals = new AgentArrivals(_time);
        var entered = Enumerable.Range(0, arrivals.Limit).Select(_ => arrivals.Enter().Value).ToList();

        Assert.Equal(1_500, entered.Count);
        Assert.Equal(ErrorReasons.AttachBacklog, arrivals.Enter().Error?.Reason);
        entered[0].Attached();
        entered[1].Dispose();
        Assert.Null(arrivals.Enter().Error);
        Assert.Null(arrivals.Enter().Error);
        Assert.NotNull(arrivals.Enter().Error);
    }

    [Fact]
    public void An_arrival_makes_room_once()
    {
        var arrivals = new AgentArrivals(_time);
        var entered = Enumerable.Range(0, arrivals.Limit).Select(_ => arrivals.Enter().Value).ToList();

        entered[0].Attached();
        entered[0].Dispose();

        Assert.Null(arrivals.Enter().Error);
        Assert.NotNull(arrivals.Enter().Error);
    }

    [Fact]
    public void Refused_agents_return_one_after_the_other()
    {
        var arrivals = new AgentArrivals(_time);
        for (var i = arrivals.Limit; i > 0; i--)
            arrivals.Enter();

        var delays = Enumerable.Range(0, 3_000).Select(_ => arrivals.Enter().Error!.RetryDelay!.Value).ToList();

        Assert.Equal(5, delays[0].TotalSeconds, tolerance: 0.1);
        Assert.Equal(15, delays[^1].TotalSeconds, tolerance: 0.1);
        Assert.Equal(delays.Order(), delays);
    }

    [Fact]
    public void The_limit_follows_the_number_of_attaches_under_pressure()
    {
        var arrivals = new AgentArrivals(_time);
        for (var second = 0; second < 10; second++)
        {
            var entered = Enumerable.Range(0, arrivals.Limit).Select(_ => arrivals.Enter().Value).ToList();
            foreach (var one in entered.Take(999))
                one.Attached();
            _time.Advance(TimeSpan.FromSeconds(1));
            entered[999].Attached();
            entered.ForEach(e => e.Dispose());
        }

        Assert.InRange(arrivals.Limit, 4_800, 5_000);
    }

    [Fact]
    public void A_quiet_hour_before_a_crowd_does_not_lower_the_limit()
    {
        var arrivals = new AgentArrivals(_time);
        _time.Advance(TimeSpan.FromHours(1));
        var entered = Enumerable.Range(0, arrivals.Limit).Select(_ => arrivals.Enter().Value).ToList();

        entered[0].Attached();

        Assert.Equal(entered.Count, arrivals.Limit);
    }

    [Fact]
    public void Without_pressure_few_attaches_do_not_lower_the_limit()
    {
        var arrivals = new AgentArrivals(_time);
        var before = arrivals.Limit;

        for (var second = 0; second < 10; second++)
        {
            arrivals.Enter().Value.Attached();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(before, arrivals.Limit);
    }
}
