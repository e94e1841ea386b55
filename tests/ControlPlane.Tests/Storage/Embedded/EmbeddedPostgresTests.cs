using Coder.Mesh.ControlPlane.Storage.Embedded;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage.Embedded;

public sealed class EmbeddedPostgresTests : IDisposable
{
    // Mode 0700 and owned by us, as a home folder is: root's server must get through it as another user.
    private readonly string _folder = Directory.CreateTempSubdirectory("mesh-embedded-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Data_written_before_a_stop_is_there_after_the_next_start()
    {
        await using (var first = await Start())
        {
            await Execute(first.ConnectionString, "create table kept(id int); insert into kept values (42)");
        }

        await using var second = await Start();

        Assert.Equal(42, await Query<int>(second.ConnectionString, "select id from kept"));
    }

    private Task<EmbeddedPostgres> Start() =>
        EmbeddedPostgres.Start(
            new EmbeddedPostgresOptions { DataFolder = _folder },
            TimeProvider.System,
            NullLogger.Instance,
            Ct
        );

    private static async Task Execute(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private static async Task<T> Query<T>(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Ct))!;
    }
}
