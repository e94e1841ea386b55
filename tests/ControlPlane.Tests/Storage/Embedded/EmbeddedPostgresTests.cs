using System.Text;
using Coder.Mesh.ControlPlane.Storage.Embedded;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage.Embedded;

public sealed class EmbeddedPostgresTests : EmbeddedPostgresTestBase
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

    [Theory]
    [InlineData("fsync", "on")]
    [InlineData("full_page_writes", "on")]
    [InlineData("synchronous_commit", "on")]
    [InlineData("listen_addresses", "")]
    [InlineData("idle_in_transaction_session_timeout", "30s")]
    [InlineData("max_connections", "100")]
    [InlineData("server_encoding", "UTF8")]
    [InlineData("lc_collate", "C.UTF-8")]
    public async Task Settings_are_those_of_a_small_durable_server(string name, string value)
    {
        await using var postgres = await Start();

        Assert.Equal(value, await Query<string>(postgres.ConnectionString, $"select current_setting('{name}')"));
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
    [InlineData(92, true)]
    [InlineData(93, false)]
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
            ["20260105-000000.log", "20260106-000000.log", "20260107-000000.log", "20260108-000000.log", "20260109-000000.log"],
            Directory.EnumerateFiles(Paths.Logs).Select(Path.GetFileName).Order()
        );
    }
}
