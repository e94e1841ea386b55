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
                said.Contains($"can't be written to the data folder {scratch["file/data"]}", StringComparison.Ordinal)
            );
            Assert.Contains($"{NoAdmin}: `mesh-control-plane admin-token`", said, StringComparison.Ordinal);
            Assert.Contains($"{NoAgent}, so that", said, StringComparison.Ordinal);
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
        var schema = ControlPlaneRuns.Start(scratch, ["admin-token"], settings);
        Assert.Equal(0, await schema.ExitWithOutput(Ct));
        await using var store = new NpgsqlConnection(postgres.AdminConnectionString);
        await store.OpenAsync(Ct);
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
        Assert.Equal(3L, await Sql(store, "select count(*) from mesh.mt_doc_tokenrecord"));
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
