namespace Coder.Mesh.EndToEnd.Tests.Chaos;

public sealed class ChaosPlanTests
{
    [Fact]
    public void A_seed_gives_the_same_plan_and_another_seed_another()
    {
        var (first, again, other) = (Plan(7), Plan(7), Plan(8));

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);

        static string Plan(int seed)
        {
            var plan = ChaosPlan.Make(seed, TimeSpan.FromMinutes(10));
            return string.Join(
                '\n',
                plan.Lives.Select(l => $"{l} {string.Join(' ', l.Then)}").Concat(plan.Kills.Select(k => $"{k}"))
            );
        }
    }

    [Fact]
    public void Ten_minutes_are_two_hundred_names_and_as_many_kills_of_each()
    {
        var plan = ChaosPlan.Make(1, TimeSpan.FromMinutes(10));

        Assert.Equal(200, plan.Lives.Select(life => life.Name).Distinct().Count());
        var kills = plan.Kills.CountBy(kill => kill.Victim).ToDictionary();
        Assert.Equal(Enum.GetValues<Victim>().Order(), kills.Keys.Order());
        Assert.Single(kills.Values.Distinct());
    }
}
