using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Postgres;
using Npgsql;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>A database that can't be used: one error that says what to do, never a stack trace or a password.</summary>
public sealed class DatabaseProblemTests
{
    private const string Password = "s3cret-w0rd";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Username=nobody-here;Database=mesh", "doesn't let \"nobody-here\" in", "Check Username")]
    [InlineData("Username=app;Database=mesh", "doesn't let \"app\" in", "Check Username")]
    [InlineData("Username=mesh;Database=elsewhere", "has no database \"elsewhere\"", "createdb")]
    [InlineData("Username=nopassword;Database=mesh;Password=", "can't be used", "password")]
    public async Task What_PostgreSQL_refuses_is_told_with_the_setting_to_check(
        string given,
        string what,
        string remedy
    )
    {
        await using var scratch = new Scratch();
        await using var postgres = await LocalPostgres.Start(Ct);
        await MakeRoles(postgres);
        var connection = $"{HostOf(postgres)};Password={Password};{given}";

        foreach (
            var arguments in (string[][])
                [
                    [],
                    ["admin-token"],
                ]
        )
        {
            var run = ControlPlaneRuns.Start(scratch, arguments, ("ConnectionStrings__Mesh", connection));

            var error = Assert.Single(await run.EndsWithErrors(1, Ct));
            Assert.Contains(what, error, StringComparison.Ordinal);
            Assert.Contains(remedy, error, StringComparison.Ordinal);
            Assert.DoesNotContain(Password, run.Output.Tail, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(scratch["data"]));
    }

    [Theory]
    [InlineData("doesn't let \"guest\" work in the database \"mesh\"", "CREATE")]
    // There is nothing that it would have to be let do anything with.
    [InlineData("There is no deployment in the database", "ConnectionStrings__Mesh", "admin-token")]
    public async Task Role_that_may_make_nothing_is_told_what_it_lacks(
        string what,
        string remedy,
        params string[] arguments
    )
    {
        await using var scratch = new Scratch();
        await using var postgres = await LocalPostgres.Start(Ct);
        await MakeRoles(postgres);
        var connection = $"{HostOf(postgres)};Password={Password};Username=guest;Database=mesh";

        var run = ControlPlaneRuns.Start(scratch, arguments, ("ConnectionStrings__Mesh", connection));

        var error = Assert.Single(await run.EndsWithErrors(1, Ct));
        Assert.Contains(what, error, StringComparison.Ordinal);
        Assert.Contains(remedy, error, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, run.Output.Tail, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch["data"]));
    }

    [Theory]
    [InlineData("", "version 14.9; version 15 or newer is needed")]
    [InlineData("SSL Mode=Require", "SSL connection requested")]
    public async Task Server_that_is_too_old_or_has_no_TLS_is_told(string given, string what)
    {
        await using var scratch = new Scratch();
        await using var server = new FakePostgres("14.9");
        var connection =
            $"Host=127.0.0.1;Port={server.Port};Username=mesh;Password={Password};Database=mesh;Server Compatibility Mode=NoTypeLoading;{given}";

        var run = ControlPlaneRuns.Start(scratch, [], ("ConnectionStrings__Mesh", connection));

        var error = Assert.Single(await run.EndsWithErrors(1, Ct));
        Assert.Contains($"PostgreSQL at 127.0.0.1:{server.Port}", error, StringComparison.Ordinal);
        Assert.Contains(what, error, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, run.Output.Tail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", "can't be reached: Connection refused")]
    [InlineData("nowhere.invalid", "can't be reached: ")]
    public async Task Server_that_is_not_there_is_told(string host, string what)
    {
        await using var scratch = new Scratch();

        var run = ControlPlaneRuns.Start(
            scratch,
            [],
            ("ConnectionStrings__Mesh", $"Host={host};Port=1;Username=mesh;Password={Password};Database=mesh")
        );

        var error = Assert.Single(await run.EndsWithErrors(1, Ct));
        Assert.Contains($"PostgreSQL at {host}:1 {what}", error, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, run.Output.Tail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData($"postgres://mesh:{Password}@db/mesh", "KEYWORD=VALUE")]
    [InlineData($"Host=db;Passwrod={Password}", "\"passwrod\"")]
    [InlineData($"Host=db;Port={Password}", "\"port\"")]
    public async Task Connection_string_that_is_none_is_told_without_its_values(string given, string what)
    {
        await using var scratch = new Scratch();

        var run = ControlPlaneRuns.Start(scratch, [], ("ConnectionStrings__Mesh", given));

        var error = Assert.Single(await run.EndsWithErrors(2, Ct));
        Assert.Contains("ConnectionStrings__Mesh", error, StringComparison.Ordinal);
        Assert.Contains(what, error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Password, run.Output.Tail, StringComparison.Ordinal);
    }

    /// <summary>
    /// From now on roles but the owner need a password; "app" has another one, "guest" the right one and no rights.
    /// </summary>
    private static async Task MakeRoles(LocalPostgres postgres)
    {
        await Sql(
            postgres,
            $"""
            create role app login password 'another';
            create role guest login password '{Password}';
            create role nopassword login password 'another'
            """
        );
        var file = (string)(await Sql(postgres, "show hba_file"))!;
        await Sql(postgres, $"copy (values ('local all mesh trust'), ('local all all scram-sha-256')) to '{file}'");
        await Sql(postgres, "select pg_reload_conf()");
    }

    private static async Task<object?> Sql(LocalPostgres postgres, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.AdminConnectionString);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Ct);
    }

    private static string HostOf(LocalPostgres postgres) =>
        $"Host={new NpgsqlConnectionStringBuilder(postgres.ConnectionString).Host}";
}
