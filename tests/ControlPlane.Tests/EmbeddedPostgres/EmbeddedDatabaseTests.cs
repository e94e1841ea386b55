using System.Text;
using Coder.Mesh.EmbeddedPostgres;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.EmbeddedPostgres;

public sealed class EmbeddedDatabaseTests : EmbeddedDatabaseTestBase
{
    [Fact]
    public async Task Data_written_before_a_stop_is_there_after_the_next_start()
    {
        await using (var first = await Start())
        {
            await Execute(first.ConnectionString, "create table kept(id int); insert into kept values (42)");
        }

        await using var second = await Start();

        Assert.Equal(42, await Query<int>(second.ConnectionString, "select id from kept"));
        Assert.Single(Logger.Messages(Creating));
        Assert.Equal(2, Logger.Messages(Ready).Count);
    }

    [Fact]
    public async Task Stop_leaves_no_process_and_frees_the_folder()
    {
        var postgres = await Start();
        Assert.NotEmpty(ServerProcesses());

        await postgres.DisposeAsync();

        await WaitUntil(() => ServerProcesses().Count == 0);
        DataFolderLock.Take(Folder).Dispose();
    }

    [Fact]
    public async Task Settings_are_those_of_a_small_durable_server()
    {
        await using var postgres = await Start(o => o.Settings = []);

        var settings = await Query<string[]>(
            postgres.ConnectionString,
            """
            select array_agg(name || '=' || current_setting(name) order by name) from pg_settings where name in ('fsync', 'full_page_writes',
                'synchronous_commit', 'listen_addresses', 'idle_in_transaction_session_timeout', 'max_connections', 'server_encoding', 'lc_collate')
            """
        );

        Assert.Equal(
            [
                "fsync=on",
                "full_page_writes=on",
                "idle_in_transaction_session_timeout=30s",
                "lc_collate=C.UTF-8",
                "listen_addresses=",
                "max_connections=100",
                "server_encoding=UTF8",
                "synchronous_commit=on",
            ],
            settings
        );
    }

    [Fact]
    public async Task Settings_can_be_changed_except_for_those_that_it_relies_on()
    {
        await using var postgres = await Start(o =>
            o.Settings = new() { ["work_mem"] = "9MB", ["listen_addresses"] = "localhost" }
        );

        Assert.Equal("9MB", await Query<string>(postgres.ConnectionString, "show work_mem"));
        Assert.Equal("", await Query<string>(postgres.ConnectionString, "show listen_addresses"));
    }

    [Fact]
    public async Task Database_is_private_to_its_user_and_never_served_by_root()
    {
        await using var postgres = await Start();

        foreach (var folder in (string[])[Folder, Paths.Root, Paths.Data, Paths.Socket, Paths.Logs])
            Assert.True(PrivateFolder.Is(folder), folder);
        Assert.NotEqual(0u, Native.Owner(Paths.Data));
        Assert.Equal(Native.Owner(Paths.Data), Native.Owner($"/proc/{postgres.ServerProcessId}"));
    }

    [Fact]
    public async Task Socket_is_elsewhere_and_private_when_the_folder_has_a_long_path()
    {
        var longFolder = Path.Combine(Folder, new string('x', 90));

        var postgres = await Start(o => o.DataFolder = longFolder);
        var socketFolder = new NpgsqlConnectionStringBuilder(postgres.ConnectionString).Host!;
        var answer = await Query<int>(postgres.ConnectionString, "select 1");
        var isPrivate = PrivateFolder.Is(socketFolder);
        var record = File.ReadAllText(new ClusterPaths(longFolder).SocketRecord);
        await postgres.DisposeAsync();

        Assert.Equal(1, answer);
        Assert.DoesNotContain(Folder, socketFolder, StringComparison.Ordinal);
        Assert.True(isPrivate);
        Assert.Equal(socketFolder, record);
        Assert.False(Directory.Exists(socketFolder));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(90)]
    public async Task Command_beside_a_running_control_plane_finds_its_database(int nameLength)
    {
        var options = new EmbeddedPostgresOptions { DataFolder = Path.Combine(Folder, new string('x', nameLength)) };
        Assert.Null(EmbeddedDatabase.FindRunning(options));

        var postgres = await Start(o => o.DataFolder = options.DataFolder);
        var found = EmbeddedDatabase.FindRunning(options);
        await postgres.DisposeAsync();

        Assert.Equal(postgres.ConnectionString, found);
        Assert.Null(EmbeddedDatabase.FindRunning(options));
    }

    [Theory]
    [InlineData(93, true)]
    [InlineData(94, false)]
    public void Socket_path_may_have_107_bytes(int folderBytes, bool fits) =>
        Assert.Equal(fits, SocketFolder.Fits("/ä" + new string('x', folderBytes - Encoding.UTF8.GetByteCount("/ä"))));

    [Fact]
    public void Socket_folder_may_not_read_as_a_list() => Assert.False(SocketFolder.Fits("/tmp/a,b"));

    [Fact]
    public async Task Half_made_database_of_a_killed_start_is_made_anew()
    {
        Directory.CreateDirectory(Paths.Unfinished);
        File.WriteAllText(Path.Combine(Paths.Unfinished, "PG_VERSION"), "15");

        await using var postgres = await Start();

        Assert.Equal(1, await Query<int>(postgres.ConnectionString, "select 1"));
        Assert.False(Directory.Exists(Paths.Unfinished));
    }

    [Fact]
    public void Only_the_newest_log_files_stay()
    {
        Directory.CreateDirectory(Paths.Logs);
        for (var day = 1; day <= 9; day++)
            File.WriteAllText(Path.Combine(Paths.Logs, $"2026010{day}-000000.log"), $"{day}");

        LogFiles.Prune(Paths.Logs);

        Assert.Equal(
            [
                "20260105-000000.log",
                "20260106-000000.log",
                "20260107-000000.log",
                "20260108-000000.log",
                "20260109-000000.log",
            ],
            Directory.EnumerateFiles(Paths.Logs).Select(Path.GetFileName).Order()
        );
    }
}
