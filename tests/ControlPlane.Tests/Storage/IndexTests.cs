using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Tests.Support.Postgres;
using Marten;
using Marten.Linq;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>
/// Partial indexes serve only queries with their very predicate. A query whose words drift away from its index stays
/// right and gets slow; here its plan is asked for.
/// </summary>
public sealed class IndexTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Theory]
    [InlineData("provider by name", "ux_provider_name")]
    [InlineData("organization by name", "ux_organization_name")]
    [InlineData("workspace by name", "ux_workspace_name")]
    [InlineData("workspaces of a provider", "ix_workspace_provider")]
    [InlineData("workspaces of an organization", "ix_workspace_organization")]
    [InlineData("workspaces of an owner", "ix_workspace_owner")]
    [InlineData("workspaces in a state", "ix_workspace_state")]
    [InlineData("ended workspaces of a provider", "ix_workspace_ended_provider")]
    [InlineData("ended workspaces of an organization", "ix_workspace_ended_organization")]
    [InlineData("ended workspaces of an owner", "ix_workspace_ended_owner")]
    [InlineData("lost workspaces", "ix_workspace_ended_state")]
    public async Task A_query_is_served_by_its_index(string query, string index)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var session = plane.Services.GetRequiredService<StoreSessions>().Read();
        var unfinished = session.Query<Workspace>().Where(w => !w.Finished);
        var ended = session.Query<Workspace>().Where(w => w.Finished);
        var any = new WorkspaceFilter(null, null, "", [], Ended: true);
        using var command = query switch
        {
            "provider by name" => session.Query<Provider>().Where(p => p.Name == "n" && !p.Deleted).ToCommand(),
            "organization by name" => session.Query<Organization>().Where(o => o.Name == "n" && !o.Deleted).ToCommand(),
            "workspace by name" => session
                .Query<Workspace>()
                .Where(w => w.Name == "n" && w.Owner == "o" && !w.Finished)
                .Where(w => w.OrganizationId == "x")
                .ToCommand(),
            "workspaces of a provider" => unfinished.Where(w => w.ProviderId == "p").ToCommand(),
            "workspaces of an organization" => Page(unfinished.Where(w => w.OrganizationId == "x")),
            "workspaces of an owner" => Page(unfinished.Where(w => w.Owner == "o")),
            "ended workspaces of a provider" => Listed(ended, any with { ProviderId = "p" }),
            "ended workspaces of an organization" => Listed(ended, any with { OrganizationId = "x" }),
            "ended workspaces of an owner" => Listed(ended, any with { Owner = "o" }),
            "lost workspaces" => Listed(ended, any with { States = [ObservedState.Lost] }),
            _ => Page(unfinished.Where(w => w.State == ObservedState.Failed)),
        };

        Assert.Contains(index, await UnitOfWork(plane.Database, command), StringComparison.Ordinal);

        static NpgsqlCommand Listed(IQueryable<Workspace> all, WorkspaceFilter filter) =>
            filter.Page(all, "0198c1e0000070008000000000000001", 10).ToCommand();

        static NpgsqlCommand Page(IQueryable<Workspace> all) => all.OrderBy(w => w.Id).Take(10).ToCommand();
    }

    [Theory]
    [InlineData(false, "ux_provider_name")]
    [InlineData(true, "ix_provider_name")]
    public async Task A_page_of_providers_is_served_by_its_index(bool deleted, string index)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var command = new ProviderFilter(null, "", [], null, deleted).Query(new("east", "0198"), 10);

        Assert.Contains(index, await UnitOfWork(plane.Database, command), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ProviderId", "ix_workspace_provider")]
    [InlineData("OrganizationId", "ix_workspace_organization")]
    public async Task A_count_is_served_by_its_index(string by, string index)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var command = new NpgsqlCommand(
            $"select count(*) from mesh.mt_doc_workspace where {Indexes.Unfinished} and data ->> '{by}' = any($1)"
        );
        command.Parameters.AddWithValue(new[] { "a", "b" });

        Assert.Contains(index, await UnitOfWork(plane.Database, command), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workspaces_that_lost_their_disks_are_found_by_their_index()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var command = new NpgsqlCommand(
            $"select 1 from mesh.mt_doc_workspace where {Indexes.VolumeCreatedAnew} and data ->> 'ProviderId' = any($1)"
        );
        command.Parameters.AddWithValue(new[] { "a", "b" });

        Assert.Contains(
            "ix_workspace_volume_anew",
            await UnitOfWork(plane.Database, command),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Earlier_events_that_concern_a_provider_are_found_without_reading_all_of_them()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var command = new NpgsqlCommand(ProviderMentions.Earlier);

        var plan = await UnitOfWork(plane.Database, command);

        Assert.Matches(@"Index Cond: \(+stream_id\)?(::\w+)? = ANY", plan);
    }

    /// <summary>Of an almost empty table: any index is taken that can serve, since a scan is forbidden.</summary>
    private static async Task<string> UnitOfWork(string database, NpgsqlCommand command)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        await using (var forbid = new NpgsqlCommand("set enable_seqscan = off; set enable_sort = off", connection))
            await forbid.ExecuteNonQueryAsync(Ct);
        command.Connection = connection;
        command.CommandText = $"explain {command.CommandText}";
        var lines = new List<string>();
        await using var rows = await command.ExecuteReaderAsync(Ct);
        while (await rows.ReadAsync(Ct))
            lines.Add(rows.GetString(0));
        return string.Join('\n', lines);
    }
}
