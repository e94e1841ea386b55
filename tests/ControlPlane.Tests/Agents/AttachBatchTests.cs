using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

/// <summary>Agents that dial while others are being stored attach together, each by its own rules.</summary>
public sealed class AttachBatchTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Agents_that_wait_are_stored_in_one_transaction_each_as_the_author_of_its_own_events()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var providers = new List<(string Id, string Token)>();
        for (var i = 0; i < 12; i++)
            providers.Add(await plane.CreateProvider($"p{i}", Ct));

        var agents = await AttachTogether(
            plane,
            [.. providers.Select(p => (p.Token, (Action<Hello>?)null))],
            whileBusy: 2
        );

        Assert.All(agents, a => Assert.Equal(1ul, a.Agent!.Welcome.Epoch));
        Assert.All(agents.Zip(providers), a => Assert.Equal(a.Second.Id, a.First.Agent!.Welcome.ProviderId));
        var stored = await Connected(plane);
        Assert.Equal(providers.Select(p => p.Id).Order(), stored.Select(s => s.ProviderId).Order());
        Assert.All(stored, s => Assert.Equal($"agent:{s.ProviderId}", s.Author));
        Assert.InRange(stored.Select(s => s.Transaction).Distinct().Count(), 1, 4);
    }

    [Fact]
    public async Task Of_two_agents_of_one_provider_the_later_one_supersedes_the_other()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, one) = await plane.CreateProvider("one", Ct);
        var (_, two) = await plane.CreateProvider("two", Ct);
        var (_, west) = await plane.CreateProvider("west", Ct);
        static void Same(Hello hello) => hello.NamespaceUid = "u";

        var agents = await AttachTogether(plane, [(one, null), (two, null), (west, Same), (west, Same)], whileBusy: 2);

        var (attached, other) = (agents[2], agents[3]);
        if (attached.Agent?.Welcome.Epoch != 2)
            (attached, other) = (other, attached);
        Assert.Equal(2ul, attached.Agent?.Welcome.Epoch);
        // It may be welcomed before it is ended.
        var end = other.Error ?? await other.Agent!.End(Ct);
        Assert.Equal(ErrorReasons.SessionSuperseded, Reason(end));
    }

    [Fact]
    public async Task Of_two_providers_with_one_namespace_one_is_bound_to_it_and_no_other_agent_is_affected()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var tokens = new List<string>();
        foreach (var name in new[] { "one", "two", "east", "west", "texas" })
            tokens.Add((await plane.CreateProvider(name, Ct)).Token);
        static void Same(Hello hello) => hello.NamespaceUid = "u";

        var agents = await AttachTogether(
            plane,
            [(tokens[0], null), (tokens[1], null), (tokens[2], Same), (tokens[3], Same), (tokens[4], null)],
            whileBusy: 2
        );

        Assert.Equal(ErrorReasons.NamespaceTaken, Reason(Assert.Single(agents, a => a.Error is not null).Error!));
        Assert.Single(agents.Skip(2).Take(2), a => a.Agent is not null);
        Assert.NotNull(agents[4].Agent);
    }

    /// <summary>Starts the first agents, and the others while the transactions of those wait for a lock.</summary>
    private static async Task<IReadOnlyList<(TestAgent? Agent, RpcException? Error)>> AttachTogether(
        TestControlPlane plane,
        IReadOnlyList<(string Token, Action<Hello>? Hello)> agents,
        int whileBusy
    )
    {
        var locked = await HeldLock.Events(plane.Database, Ct);
        var attaching = new List<Task<(TestAgent?, RpcException?)>>();
        for (var i = 0; i < whileBusy; i++)
        {
            attaching.Add(Attach(plane, agents[i]));
            await locked.Until(waiting: i + 1, Ct);
        }

        attaching.AddRange(agents.Skip(whileBusy).Select(a => Attach(plane, a)));
        var admission = plane.Services.GetRequiredService<AgentAdmission>();
        await Eventually(() => Task.FromResult(admission.Waiting), n => n == agents.Count - whileBusy);
        await locked.DisposeAsync();
        return await Task.WhenAll(attaching);
    }

    private static async Task<(TestAgent?, RpcException?)> Attach(
        TestControlPlane plane,
        (string Token, Action<Hello>? Hello) agent
    )
    {
        try
        {
            return (await TestAgent.Greet(plane, agent.Token, Ct, agent.Hello), null);
        }
        catch (RpcException e)
        {
            return (null, e);
        }
    }

    private static async Task<List<(string ProviderId, string Author, string Transaction)>> Connected(
        TestControlPlane plane
    )
    {
        await using var database = NpgsqlDataSource.Create(plane.Database);
        await using var command = database.CreateCommand(
            """
            select replace(stream_id, 'presence-', ''), user_name, xmin::text
            from mesh.mt_events where type = 'presence.agent_connected.v1'
            """
        );
        var found = new List<(string, string, string)>();
        await using var rows = await command.ExecuteReaderAsync(Ct);
        while (await rows.ReadAsync(Ct))
            found.Add((rows.GetString(0), rows.GetString(1), rows.GetString(2)));
        return found;
    }
}
