using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>
/// Servers that stop taking writes, and others, or the same, that take them again. They are the test's own.
/// </summary>
public sealed class FailoverTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres), IAsyncLifetime
{
    private static readonly TimeSpan LeaseInterval = TimeSpan.FromSeconds(2);

    private const string Namespace = "6f1f9f5c-2f0e-4d8e-9a52-0c2f3c9d1b7e";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private LocalPostgres? _primary;

    private LocalPostgres Primary => _primary!;

    public async ValueTask InitializeAsync() => _primary = await LocalPostgres.Start(Ct);

    public ValueTask DisposeAsync() => Primary.DisposeAsync();

    [Fact]
    public async Task A_database_that_takes_writes_again_is_written_to_within_one_renewal_of_the_lease()
    {
        await using var plane = await Start(Primary.ConnectionString + ";Connection Idle Lifetime=600");
        using var agent = await AttachBuiltIn(plane);
        await plane.CreateWorkspace("before", Ct);

        // New connections read only from now on; and all are new, as after a switch of servers.
        await Execute("alter database mesh set default_transaction_read_only = on");
        await EndConnections();
        await UntilUnavailable(plane);
        // Many of them are in the pool.
        var refused = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Refused(plane, $"refused-{i}")));
        await Execute("alter database mesh reset default_transaction_read_only");
        await AfterOneRenewal(plane);

        Assert.All(refused, e => Assert.Equal(ErrorReasons.StoreUnavailable, Reason(e)));
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => plane.CreateWorkspace($"after-{i}", Ct)));
        await agent.Next(Frame.WorkspaceDesired, Ct);
    }

    [Theory]
    [InlineData(";Target Session Attributes=primary")]
    [InlineData(";Target Session Attributes=read-write")]
    [InlineData("")]
    public async Task A_standby_that_is_promoted_is_followed_within_one_renewal_of_the_lease(string attributes)
    {
        await using var standby = await LocalStandby.Start(Primary, Ct);
        var servers = new NpgsqlConnectionStringBuilder(Primary.ConnectionString);
        // The standby stands first: what is named first isn't what is used.
        servers.Host = $"{standby.Host},{servers.Host}";
        await using var plane = await Start(servers.ConnectionString + attributes);
        using var agent = await AttachBuiltIn(plane);
        var before = await plane.CreateWorkspace("before", Ct);
        await agent.Next(Frame.WorkspaceDesired, Ct);
        await standby.CaughtUp(Primary, Ct);

        await Primary.Kill(Ct);
        await UntilUnavailable(plane);
        await standby.Promote(Ct);
        // What Npgsql knows of the servers is a second old at most.
        await Task.Delay(TimeSpan.FromSeconds(1.1), Ct);
        await AfterOneRenewal(plane);

        Assert.Equal(before.Id, (await plane.Workspace("before", Ct)).Id);
        await plane.CreateWorkspace("after", Ct);
        // A standby may lack what was committed last, so agents say anew what they hold.
        await agent.End(Ct);
        using var again = await AttachBuiltIn(plane);
        await again.Observe(before.Id, 1, WorkspaceState.Running, Ct);
        await again.Next(Frame.ObservedAck, Ct);
        Assert.Equal(WorkspaceState.Running, (await plane.Workspace("before", Ct)).State);
        await Primary.Restart(Ct);
    }

    [Theory]
    [InlineData("Host=a,b", null)]
    [InlineData("Host=a;Target Session Attributes=any", null)]
    [InlineData("Host=a;Target Session Attributes=read-write", null)]
    [InlineData("Host=a,b;Target Session Attributes=any", "any")]
    [InlineData("Host=a,b;Target Session Attributes=prefer-primary", "prefer-primary")]
    [InlineData("Host=a;Target Session Attributes=standby", "standby")]
    public void Servers_that_may_take_no_writes_are_refused_before_the_start(string connectionString, string? named)
    {
        var problem = DatabaseProblem.OfText(connectionString);

        Assert.Equal(
            named is null
                ? null
                : $"ConnectionStrings__Mesh: Target Session Attributes is \"{named}\": it must be primary or read-write, "
                    + "for the control plane writes.",
            problem
        );
    }

    [Fact]
    public async Task A_standby_alone_is_no_server_to_start_on()
    {
        await using var standby = await LocalStandby.Start(Primary, Ct);
        var alone = new NpgsqlConnectionStringBuilder(Primary.ConnectionString)
        {
            Host = standby.Host,
            TargetSessionAttributes = "primary",
        };

        var thrown = await Assert.ThrowsAnyAsync<Exception>(() => Start(alone.ConnectionString));

        Assert.True(StoreFailure.IsUnavailable(thrown), thrown.ToString());
        Assert.Equal(
            $"No PostgreSQL server at {standby.Host} is a primary. Check Host and Target Session Attributes in ConnectionStrings__Mesh.",
            DatabaseProblem.Of(thrown, alone.ConnectionString)
        );
    }

    private Task<TestControlPlane> Start(string database) =>
        TestControlPlane.Start(Postgres, Ct, _time, database: database);

    private static async Task<TestAgent> AttachBuiltIn(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct, hello => hello.NamespaceUid = Namespace);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        return agent;
    }

    private static async Task<RpcException> Refused(TestControlPlane plane, string name) =>
        await Assert.ThrowsAsync<RpcException>(() => plane.CreateWorkspace(name, Ct));

    // The lease is what finds it, when it is renewed next. Not more time: sessions end by it.
    private async Task UntilUnavailable(TestControlPlane plane)
    {
        var health = plane.Services.GetRequiredService<StoreHealth>();
        _time.Advance(LeaseInterval);
        await Eventually(() => Task.FromResult(health.UnavailableSince), since => since is not null);
    }

    private async Task AfterOneRenewal(TestControlPlane plane)
    {
        var health = plane.Services.GetRequiredService<StoreHealth>();
        Assert.NotNull(health.UnavailableSince);
        _time.Advance(LeaseInterval);
        await Eventually(() => Task.FromResult(health.UnavailableSince), since => since is null);
    }

    private async Task Execute(string sql)
    {
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(Primary.AdminConnectionString) { Database = "postgres" }
        );
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private Task EndConnections() =>
        Execute("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = 'mesh'");
}
