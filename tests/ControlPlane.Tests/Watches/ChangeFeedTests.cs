using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Replicas;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class ChangeFeedTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Every_changed_stream_of_a_save_has_a_row_with_its_versions_in_one_transaction()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = (await Rows(plane)).Count;

        var (id, _) = await plane.CreateProvider("west", Ct);
        await plane.Providers.DeleteProviderAsync(
            new DeleteProviderRequest { Provider = "west" },
            plane.Admin,
            cancellationToken: Ct
        );

        var rows = (await Rows(plane)).Skip(before).ToList();
        Assert.Equal(
            [
                (StreamKeys.Provider(id), 0L, 2L),
                (StreamKeys.Presence(id), 0L, 1L),
                (StreamKeys.Provider(id), 2L, 3L),
                (StreamKeys.Presence(id), 1L, 2L),
            ],
            rows.Select(r => (r.Stream, r.Before, r.After))
        );
        Assert.Equal(rows[0].Transaction, rows[1].Transaction);
        Assert.NotEqual(rows[1].Transaction, rows[2].Transaction);
    }

    [Fact]
    public async Task A_save_that_loses_leaves_no_row()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.CreateProvider("west", Ct);
        var before = (await Rows(plane)).Count;

        await Assert.ThrowsAsync<RpcException>(() => plane.CreateProvider("west", Ct));

        Assert.Equal(before, (await Rows(plane)).Count);
    }

    [Fact]
    public async Task Rows_older_than_a_day_are_removed_and_no_others()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.CreateProvider("west", Ct);
        var all = (await Rows(plane)).Count;
        var database = plane.Services.GetRequiredService<NpgsqlDataSource>();
        await using (
            var age = database.CreateCommand(
                $"update {ChangeFeed.Table} set at = now() - interval '25 hours' where version_before = 0"
            )
        )
            await age.ExecuteNonQueryAsync(Ct);

        using var scope = plane.Services.CreateScope();
        var trimmer = ActivatorUtilities.CreateInstance<Trimmer>(plane.Services);
        var removed = await trimmer.Trim(Ct);

        Assert.True(removed > 0);
        var left = await Rows(plane);
        Assert.Equal(all - removed, left.Count);
        Assert.All(left, r => Assert.NotEqual(0, r.Before));
    }

    [Fact]
    public async Task Events_say_who_and_under_which_trace()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var trace = System.Diagnostics.ActivityTraceId.CreateRandom().ToHexString();
        var headers = plane.Admin;
        headers.Add("traceparent", $"00-{trace}-00f067aa0ba902b7-01");

        await plane.Providers.CreateProviderAsync(
            new CreateProviderRequest { Name = "west" },
            headers,
            cancellationToken: Ct
        );

        var database = plane.Services.GetRequiredService<NpgsqlDataSource>();
        await using var command = database.CreateCommand(
            "select user_name, correlation_id from mesh.mt_events where type = 'provider.registered.v1' and data ->> 'Name' = 'west'"
        );
        await using var row = await command.ExecuteReaderAsync(Ct);
        Assert.True(await row.ReadAsync(Ct));
        Assert.Equal(("admin", trace), (row.GetString(0), row.GetString(1)));
    }

    private sealed record Row(string Stream, long Before, long After, string Transaction);

    private static async Task<List<Row>> Rows(TestControlPlane plane)
    {
        await using var command = plane
            .Services.GetRequiredService<NpgsqlDataSource>()
            .CreateCommand(
                $"select stream, version_before, version_after, xid::text from {ChangeFeed.Table} order by xid, id"
            );
        var rows = new List<Row>();
        await using var reader = await command.ExecuteReaderAsync(Ct);
        while (await reader.ReadAsync(Ct))
            rows.Add(new Row(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetString(3)));
        return rows;
    }
}
