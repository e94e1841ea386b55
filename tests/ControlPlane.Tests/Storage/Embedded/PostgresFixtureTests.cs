using Coder.Mesh.Tests.Support.Postgres;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage.Embedded;

public sealed class PostgresFixtureTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_database_is_empty_and_apart_from_the_others()
    {
        await using var fixture = new PostgresFixture();

        var one = await fixture.CreateDatabase(Ct);
        var two = await fixture.CreateDatabase(Ct);
        await Execute(one, "create table t(id int)");
        await Execute(two, "create table t(id int)");

        Assert.NotEqual(one, two);
        Assert.NotEmpty(fixture.Source);
    }

    [Fact]
    public async Task Template_is_filled_once_and_copied_for_each()
    {
        await using var fixture = new PostgresFixture();
        var fills = 0;

        var one = await fixture.CreateDatabase("filled", Fill, Ct);
        var two = await fixture.CreateDatabase("filled", Fill, Ct);

        Assert.Equal(1, fills);
        Assert.Equal(7, await Query<int>(one, "select id from t"));
        Assert.Equal(7, await Query<int>(two, "select id from t"));

        async Task Fill(string connectionString, CancellationToken ct)
        {
            fills++;
            await Execute(connectionString, "create table t(id int); insert into t values (7)");
        }
    }

    private static async Task Execute(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<T> Query<T>(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Ct))!;
    }
}
