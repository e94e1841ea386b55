using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.Tests.Support.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class RecentFeedTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task It_has_so_many_of_the_last_rows_before_a_position_and_none_much_older_than_the_last_of_them()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var database = plane.Services.GetRequiredService<NpgsqlDataSource>();
        // All of them long ago: nobody could write since.
        await using (
            var rows = database.CreateCommand(
                $"""
                truncate {ChangeFeed.Table};
                insert into {ChangeFeed.Table} (xid, id, stream, version_before, version_after, at) overriding system value
                values ('4', 40, 'a', 0, 1, now() - interval '1 hour 61 seconds'), ('5', 20, 'a', 1, 2, now() - interval '1 hour 59 seconds'),
                       ('5', 30, 'a', 2, 3, now() - interval '1 hour 59 seconds'), ('6', 10, 'a', 3, 4, now() - interval '1 hour')
                """
            )
        )
            await rows.ExecuteNonQueryAsync(Ct);
        var end = FeedPosition.Before(7);

        Assert.Equal(new(5, 19), await RecentFeed.Begin(database, end, rows: 10, Minute, Ct));
        Assert.Equal(new(4, 39), await RecentFeed.Begin(database, end, rows: 10, 2 * Minute, Ct));
        Assert.Equal(new(5, 29), await RecentFeed.Begin(database, end, rows: 2, Minute, Ct));
        Assert.Equal(new(4, 39), await RecentFeed.Begin(database, new(5, 20), rows: 10, Minute, Ct));
        var first = FeedPosition.Before(4);
        Assert.Equal(first, await RecentFeed.Begin(database, first, rows: 10, Minute, Ct));

        // These are trimmed soon.
        await using (
            var age = database.CreateCommand(
                $"update {ChangeFeed.Table} set at = at - interval '23 hours' where id <> 10"
            )
        )
            await age.ExecuteNonQueryAsync(Ct);
        Assert.Equal(new(6, 9), await RecentFeed.Begin(database, end, rows: 10, TimeSpan.FromDays(1), Ct));
    }
}
