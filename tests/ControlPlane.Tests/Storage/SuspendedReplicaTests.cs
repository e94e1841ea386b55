using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>A replica that is suspended within a transaction, which goes on to hold its locks.</summary>
public sealed class SuspendedReplicaTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task An_agent_attaches_although_a_suspended_replica_has_locked_its_presence()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (id, token) = await plane.BuiltIn(Ct);
        var connections = plane.Services.GetRequiredService<NpgsqlDataSource>();
        await using var suspended = await connections.OpenConnectionAsync(Ct);
        await using var transaction = await suspended.BeginTransactionAsync(Ct);
        await using var locks = new NpgsqlCommand(
            $"select 1 from {Tables.Presences} where id = $1 for update",
            suspended
        );
        locks.Parameters.Add(new() { Value = StreamKeys.Presence(id) });
        Assert.NotNull(await locks.ExecuteScalarAsync(Ct));

        using var agent = await TestAgent.Attach(plane, token, Ct);

        Assert.NotEqual(0u, agent.Welcome.Epoch);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => locks.ExecuteScalarAsync(Ct));
    }
}
