using System.Globalization;
using Coder.Mesh.EmbeddedPostgres;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.EmbeddedPostgres;

public sealed class EmbeddedDatabaseCrashTests : EmbeddedDatabaseTestBase
{
    private const int SignalStop = 19;

    [Fact]
    public async Task Killed_server_is_started_again_with_its_data_under_the_same_connection_string()
    {
        await using var postgres = await Start();
        var before = postgres.ConnectionString;
        await Execute(before, "create table kept(id int); insert into kept values (42)");
        var (died, ready) = (Logger.Next(Died), Logger.Next(Ready));

        Native.Signal(postgres.ServerProcessId!.Value, Native.SignalKill);
        await died.WaitAsync(Generous, Ct);
        await ready.WaitAsync(Generous, Ct);

        Assert.Equal(before, postgres.ConnectionString);
        Assert.Equal(42, await Query<int>(before, "select id from kept"));
    }

    [Fact]
    public async Task Server_that_is_killed_over_and_over_comes_back_each_time()
    {
        await using var postgres = await Start();

        for (var round = 0; round < 3; round++)
        {
            await WaitUntil(() => postgres.ServerProcessId is not null);
            var ready = Logger.Next(Ready);
            Native.Signal(postgres.ServerProcessId!.Value, Native.SignalKill);
            await ready.WaitAsync(Generous, Ct);
        }

        Assert.Equal(1, await Query<int>(postgres.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task Child_that_computes_on_after_its_server_is_killed_does_not_stop_the_next_one()
    {
        await using var postgres = await Start();
        await using var connection = await Open(postgres.ConnectionString);
        var busy = connection.ProcessID;
        await using var command = new NpgsqlCommand(
            "select count(*) from generate_series(1, 100000000000)",
            connection
        );
        var query = command.ExecuteScalarAsync(Ct);
        await WaitUntilActive(postgres.ConnectionString, busy);
        var (orphans, ready) = (Logger.Next(EndingOrphans), Logger.Next(Ready));

        Native.Signal(postgres.ServerProcessId!.Value, Native.SignalKill);
        await ready.WaitAsync(Generous, Ct);

        Assert.True(orphans.IsCompleted);
        Assert.False(IsRunning(busy));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => query);
    }

    [Fact]
    public async Task Child_that_can_not_be_asked_to_end_is_killed()
    {
        await using var postgres = await Start();
        await using var connection = await Open(postgres.ConnectionString);
        var ready = Logger.Next(Ready);

        Native.Signal(connection.ProcessID, SignalStop);
        Native.Signal(postgres.ServerProcessId!.Value, Native.SignalKill);
        await ready.WaitAsync(Generous, Ct);

        Assert.False(IsRunning(connection.ProcessID));
    }

    [Fact]
    public async Task Start_that_fails_is_tried_again_until_it_works()
    {
        await using var postgres = await Start();
        var aside = Paths.Data + ".aside";
        var (failed, ready) = (Logger.Next(RestartFailed), Logger.Next(Ready));

        Directory.Move(Paths.Data, aside);
        Native.Signal(postgres.ServerProcessId!.Value, Native.SignalKill);
        await failed.WaitAsync(Generous, Ct);
        Directory.Move(aside, Paths.Data);
        await ready.WaitAsync(Generous, Ct);

        Assert.Equal(1, await Query<int>(postgres.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task Stop_while_the_server_is_down_ends_the_attempts()
    {
        var postgres = await Start();
        var failed = Logger.Next(RestartFailed);
        Directory.Move(Paths.Data, Paths.Data + ".aside");
        Native.Signal(postgres.ServerProcessId!.Value, Native.SignalKill);
        await failed.WaitAsync(Generous, Ct);

        await postgres.DisposeAsync().AsTask().WaitAsync(Generous, Ct);

        Assert.Empty(ServerProcesses());
    }

    [Fact]
    public async Task Server_of_a_killed_control_plane_is_stopped_and_started_anew()
    {
        await using var killed = await ControlPlaneProcess.Start(Folder, ct: Ct);
        Assert.True(killed.Started, killed.Message);
        await Execute(killed.Message, "create table kept(id int); insert into kept values (42)");
        var left = PostmasterFile.Read(Paths.Data)!.ProcessId;
        await killed.Kill(Ct);
        Assert.True(IsRunning(left), "the server should outlive its control plane");

        await using var postgres = await Start();

        Assert.Contains($"{left}", Assert.Single(Logger.Messages(StoppingLeftover)), StringComparison.Ordinal);
        Assert.False(IsRunning(left));
        Assert.NotEqual(left, postgres.ServerProcessId);
        Assert.Equal(42, await Query<int>(postgres.ConnectionString, "select id from kept"));
    }

    [Fact]
    public async Task Leftover_server_that_hangs_is_killed()
    {
        await using var killed = await ControlPlaneProcess.Start(Folder, ct: Ct);
        var left = PostmasterFile.Read(Paths.Data)!.ProcessId;
        await killed.Kill(Ct);
        Native.Signal(left, SignalStop);

        await using var postgres = await Start(o => o.StopTimeout = TimeSpan.FromSeconds(1));

        Assert.False(IsRunning(left));
        Assert.Equal(1, await Query<int>(postgres.ConnectionString, "select 1"));
    }

    [Fact]
    public async Task Server_that_hangs_does_not_hold_up_the_stop()
    {
        var postgres = await Start(o => o.StopTimeout = TimeSpan.FromSeconds(1));
        var server = postgres.ServerProcessId!.Value;
        Native.Signal(server, SignalStop);

        await postgres.DisposeAsync().AsTask().WaitAsync(Generous, Ct);

        Assert.False(IsRunning(server));
    }

    [Fact]
    public async Task Number_of_a_dead_server_that_another_process_has_by_now_is_no_obstacle()
    {
        await (await Start()).DisposeAsync();
        // Of the same user: PostgreSQL takes no notice of other users' processes.
        using var innocent = System.Diagnostics.Process.Start(RunAs.Choose(Paths.Root).Command("sleep", "600"))!;
        var lines = new[]
        {
            innocent.Id.ToString(CultureInfo.InvariantCulture),
            Paths.Data,
            "1",
            "5432",
            Paths.Socket,
            "",
        };
        File.WriteAllLines(PostmasterFile.In(Paths.Data), lines);

        await using (var postgres = await Start())
            Assert.Equal(1, await Query<int>(postgres.ConnectionString, "select 1"));

        Assert.False(innocent.HasExited);
        innocent.Kill();
    }

    private static Task WaitUntilActive(string connectionString, int backend) =>
        WaitUntil(() =>
            Query<bool>(
                    connectionString,
                    $"select exists(select from pg_stat_activity where pid = {backend} and state = 'active')"
                )
                .GetAwaiter()
                .GetResult()
        );
}
