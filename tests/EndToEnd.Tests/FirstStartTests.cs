using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Postgres;
using Npgsql;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>First starts on a PostgreSQL of the operator's that don't go as they should.</summary>
public sealed class FirstStartTests
{
    private const string NoAdmin = "There is no admin token";
    private const string NoAgent = "The built-in provider has no token";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_keeps_nothing_from_working_and_the_way_on_is_told_until_it_was_gone()
    {
        await using var scratch = new Scratch();
        await using var postgres = await LocalPostgres.Start(Ct);
        await File.WriteAllTextAsync(scratch["file"], "", Ct);
        (string, string)[] settings =
        [
            ("ConnectionStrings__Mesh", postgres.ConnectionString),
            ("Mesh__DataFolder", scratch["file/data"]),
        ];

        // The second one finds the deployment made, and nobody with a token.
        for (var start = 1; start <= 2; start++)
        {
            var tokenless = ControlPlaneRuns.Start(scratch, [], settings);
            await tokenless.Serves(Ct);
            var said = await Stopped(tokenless);
            Assert.Equal(
                start == 1,
                said.Contains($"cannot be written to the data folder {scratch["file/data"]}", StringComparison.Ordinal)
            );
            Assert.Contains(
                $"{NoAdmin}. To create and print one, run `mesh-control-plane admin-token`",
                said,
                StringComparison.Ordinal
            );
            Assert.Contains($"{NoAgent}, so no agent", said, StringComparison.Ordinal);
        }

        var run = ControlPlaneRuns.Start(scratch, [], settings);
        var (address, _, _) = await run.Serves(Ct);
        var admin = ControlPlaneRuns.Start(scratch, ["admin-token"], settings);
        Assert.Equal(0, await admin.ExitWithOutput(Ct));
        var token = Assert.Single(admin.Output.Data.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await File.WriteAllTextAsync(scratch["admin"], token, Ct);
        File.SetUnixFileMode(scratch["admin"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await ControlPlaneRuns.Cli(
            scratch,
            address,
            scratch["admin"],
            Ct,
            "providers",
            "rotate-token",
            "built-in",
            "--token-out",
            scratch["agent"]
        );
        await IsReadyWith(scratch, address, scratch["admin"], scratch["agent"]);
        await Stopped(run);

        var after = ControlPlaneRuns.Start(scratch, [], settings);
        await after.Serves(Ct);
        Assert.DoesNotContain("token", await Stopped(after), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_start_that_is_killed_on_its_way_is_done_anew_by_the_next_one()
    {
        await using var scratch = new Scratch();
        await using var postgres = await LocalPostgres.Start(Ct);
        (string, string)[] settings = [("ConnectionStrings__Mesh", postgres.ConnectionString)];
        // A schema without a deployment: that of one that is taken away again.
        var schema = ControlPlaneRuns.Start(scratch, [], settings);
        await schema.Serves(Ct);
        await Stopped(schema);
        Directory.Delete(scratch["data"], recursive: true);
        await using var store = new NpgsqlConnection(postgres.AdminConnectionString);
        await store.OpenAsync(Ct);
        await Sql(
            store,
            """
            do $$ begin execute (
              select 'truncate ' || string_agg(format('mesh.%I', tablename), ', ') || ' cascade' from pg_tables
              where schemaname = 'mesh' and (tablename like 'mt\_doc\_%' or tablename in ('mt_events', 'mt_streams'))
            ); end $$
            """
        );
        await Sql(store, "begin; lock table mesh.mt_events in share row exclusive mode");

        var killed = ControlPlaneRuns.Start(scratch, [], settings);
        await Eventually.Is(
            async () =>
                (long)
                    (
                        await Sql(
                            store,
                            "select count(*) from pg_locks where not granted and relation = 'mesh.mt_events'::regclass"
                        )
                    )!,
            waiting => waiting > 0,
            "the first start is about to commit",
            Ct
        );
        var left = await File.ReadAllTextAsync(scratch["data/admin-token"], Ct);
        await killed.Kill(Ct);
        await Sql(store, "rollback");
        await Eventually.Is(
            async () =>
                (long)
                    (
                        await Sql(
                            store,
                            "select count(*) from pg_stat_activity where application_name = 'mesh-control-plane'"
                        )
                    )!,
            connections => connections == 0,
            "the killed one's connections are gone",
            Ct
        );
        Assert.Equal(0L, await Sql(store, "select count(*) from mesh.mt_events"));

        var second = ControlPlaneRuns.Start(scratch, [], settings);
        var (address, _, _) = await second.Serves(Ct);

        Assert.NotEqual(left, await File.ReadAllTextAsync(scratch["data/admin-token"], Ct));
        await IsReadyWith(scratch, address, scratch["data/admin-token"], scratch["data/builtin-agent-token"]);
        Assert.DoesNotContain(NoAdmin, await Stopped(second), StringComparison.Ordinal);
        // What makes files and database agree: no token is good that nobody holds.
        Assert.Equal(2L, await Sql(store, "select count(*) from mesh.mt_doc_tokenrecord"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_admin_token_is_made_for_no_deployment_but_one_that_there_is(bool external)
    {
        await using var scratch = new Scratch();
        await using var postgres = await LocalPostgres.Start(Ct);

        var run = ControlPlaneRuns.Start(
            scratch,
            ["admin-token"],
            external ? [("ConnectionStrings__Mesh", postgres.ConnectionString)] : Array.Empty<(string, string)>()
        );

        var place = external ? "the database" : $"the data folder {scratch["data"]}";
        Assert.Equal(
            $"error: There is no deployment in {place}. Set Mesh__DataFolder or ConnectionStrings__Mesh to those of the running control plane.",
            Assert.Single(await run.EndsWithErrors(1, Ct))
        );
        Assert.Empty(run.Output.Data);
        Assert.False(Directory.Exists(scratch["data"]));
        await using var store = new NpgsqlConnection(postgres.AdminConnectionString);
        await store.OpenAsync(Ct);
        Assert.Equal(0L, await Sql(store, "select count(*) from pg_namespace where nspname = 'mesh'"));
    }

    [Fact]
    public async Task An_admin_token_is_made_for_a_deployment_whose_control_plane_is_stopped()
    {
        await using var scratch = new Scratch();
        var run = ControlPlaneRuns.Start(scratch, []);
        await run.Serves(Ct);
        await Stopped(run);

        var admin = ControlPlaneRuns.Start(scratch, ["admin-token"]);

        Assert.Equal(0, await admin.ExitWithOutput(Ct));
        Assert.Contains(admin.Output.Data.Split('\n'), l => l.StartsWith("mat_", StringComparison.Ordinal));
    }

    private static async Task IsReadyWith(Scratch scratch, string address, string adminToken, string agentToken)
    {
        ChildProcess.Start(
            scratch,
            Artifacts.Agent,
            [
                "--access-url",
                address,
                "--token-file",
                agentToken,
                "--cluster",
                "simulated",
                "--health-address",
                "127.0.0.1:0",
            ]
        );
        await Eventually.Is(
            async () =>
                (
                    await ControlPlaneRuns.Cli(
                        scratch,
                        address,
                        adminToken,
                        Ct,
                        "providers",
                        "show",
                        "built-in",
                        "-o",
                        "json"
                    )
                )
                    .Output
                    .Data,
            shown => shown.Contains("\"status\": \"PROVIDER_STATUS_READY\"", StringComparison.Ordinal),
            "the built-in provider is Ready",
            Ct
        );
    }

    private static async Task<string> Stopped(ChildProcess run)
    {
        run.Terminate();
        Assert.Equal(0, await run.ExitWithOutput(Ct));
        return run.Output.Data;
    }

    private static async Task<object?> Sql(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }
}
