using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Coder.Mesh.EmbeddedPostgres;
using Coder.Mesh.Tests.Support.Postgres;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.EmbeddedPostgres;

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

    [Fact]
    public async Task Local_server_is_down_between_kill_and_restart()
    {
        await using var server = await LocalPostgres.Start(Ct);
        await Execute(server.AdminConnectionString, "create table kept(id int); insert into kept values (42)");

        await server.Kill(Ct);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => Execute(server.AdminConnectionString, "select 1"));
        await server.Restart(Ct);

        Assert.Equal(42, await Query<int>(server.AdminConnectionString, "select id from kept"));
    }

    [Fact]
    public async Task Killed_test_process_leaves_neither_server_nor_folder()
    {
        await using var tests = await ControlPlaneProcess.StartThrowAway(Ct);
        Assert.True(tests.Started, tests.Message);
        var folder = tests.Message;
        var server = PostmasterFile.Read(new ClusterPaths(folder).Data)!.ProcessId;
        Assert.True(EmbeddedDatabaseTestBase.IsRunning(server));

        await tests.Kill(Ct);

        await EmbeddedDatabaseTestBase.WaitUntil(() =>
            !Directory.Exists(folder) && !EmbeddedDatabaseTestBase.IsRunning(server)
        );
    }

    [Fact]
    public async Task Databases_on_a_server_of_somebody_else_are_dropped_at_the_end()
    {
        await using var server = await LocalPostgres.Start(Ct);
        var fixture = new PostgresFixture(_ =>
            Task.FromResult<IPostgresSource>(new GivenPostgres(server.ConnectionString))
        );
        await fixture.CreateDatabase("filled", (_, _) => Task.CompletedTask, Ct);
        const string Count = "select count(*) from pg_database where datname like 'mesh_test_%'";
        Assert.Equal(2, await Query<long>(server.AdminConnectionString, Count));
        Assert.False(fixture.CanKill);

        await fixture.DisposeAsync();

        Assert.Equal(0, await Query<long>(server.AdminConnectionString, Count));
    }

    [Fact]
    public async Task Engine_that_is_not_there_is_known_at_once()
    {
        var engine = new ContainerEngine(new Uri("unix:///nowhere/engine.sock"));

        var (source, whyNot) = await ContainerPostgres.TryStart(engine, Ct);

        Assert.Null(source);
        Assert.Equal("no container engine answers", whyNot);
    }

    [Fact]
    public async Task Engine_that_never_answers_is_given_up_within_three_seconds()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        var engine = new ContainerEngine(new Uri($"tcp://{mute.LocalEndpoint}"));
        var since = Stopwatch.GetTimestamp();

        var whyNot = await engine.WhyNot(Ct);

        Assert.Equal("the container engine does not answer within 2 s", whyNot);
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Engine_that_answers_is_used()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = Task.Run(
            async () =>
            {
                using var client = await listener.AcceptTcpClientAsync(Ct);
                using var reader = new StreamReader(client.GetStream());
                while (await reader.ReadLineAsync(Ct) is { Length: > 0 }) { }
                await client.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"u8.ToArray(), Ct);
            },
            Ct
        );

        var whyNot = await new ContainerEngine(new Uri($"tcp://{listener.LocalEndpoint}")).WhyNot(Ct);

        Assert.Null(whyNot);
        await answering;
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
