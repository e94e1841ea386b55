using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Tests.Orphans;

public sealed class OrphanConditionTests(PostgresFixture postgres) : OrphanTestBase(postgres)
{
    [Fact]
    public async Task Orphans_are_a_condition_of_a_provider_that_is_shown_and_cost_neither_status_nor_event()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        await Exchange(agent);
        var before = await Condition(plane);
        var events = await Events(plane);

        var id = NewId();
        await Exchange(agent, Held(agent, id, 1));
        var one = await Condition(plane);
        await Exchange(agent, Held(agent, id, 1), Held(agent, NewId(), 1));
        var two = await Condition(plane);
        var first = (await List(plane)).Orphans.Min(o => o.FirstSeenTime.ToDateTimeOffset());
        var status = (await plane.Provider("built-in", Ct)).Status;
        await Exchange(agent);

        Assert.Equal((ConditionStatus.False, "", ""), (before.Status, before.Code, before.Message));
        Assert.Equal((ConditionStatus.True, "orphans_present"), (one.Status, one.Code));
        Assert.Equal(
            "The cluster has a workspace that isn't known here; \"mesh providers orphans ls built-in\" lists them.",
            one.Message
        );
        Assert.Equal(
            "The cluster has 2 workspaces that aren't known here; \"mesh providers orphans ls built-in\" lists them.",
            two.Message
        );
        Assert.Equal(first, two.SinceTime.ToDateTimeOffset());
        Assert.Equal(ProviderStatus.Ready, status);
        Assert.Equal(ConditionStatus.False, (await Condition(plane)).Status);
        Assert.Equal(events, await Events(plane));
    }

    [Fact]
    public async Task A_provider_that_no_agent_has_ever_spoken_for_has_no_conditions()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        Assert.Empty((await plane.Provider("built-in", Ct)).Conditions);
    }

    private static async Task<Condition> Condition(TestControlPlane plane) =>
        Assert.Single((await plane.Provider("built-in", Ct)).Conditions, c => c.Type == ConditionTypes.OrphansPresent);

    private static async Task<int> Events(TestControlPlane plane) =>
        (
            await plane.Providers.ListHistoryAsync(
                new ListHistoryRequest { Provider = "built-in" },
                plane.Admin,
                cancellationToken: Ct
            )
        )
            .Entries
            .Count;
}
