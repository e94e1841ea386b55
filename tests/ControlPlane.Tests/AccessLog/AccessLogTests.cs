using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Watches;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.AccessLog;

public sealed class AccessLogTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    // At the start of a minute, so that what a test does falls into one; today, for the database's clock removes what
    // is old.
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(DateTime.UtcNow.Date, TimeSpan.Zero));

    [Fact]
    public async Task Attaches_and_refusals_are_one_row_a_minute_with_a_count()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");
        for (var i = 0; i < 3; i++)
            await Refused(plane, token);
        _time.Advance(TimeSpan.FromSeconds(20));
        await Refused(plane, token);
        _time.Advance(TimeSpan.FromMinutes(1));
        await Refused(plane, token);
        await Flush(plane);

        // Some of it may be on its way by the control plane's own clock.
        var rows = await Eventually(
            async () => (await Rows(plane)).Where(r => r.Subject == $"provider:{id}").ToList(),
            rows => rows.Sum(r => r.Count) == 6
        );

        Assert.Equal(
            [("attach", "ATTACHED", 1L), ("attach", "CLUSTER_MISMATCH", 4L), ("attach", "CLUSTER_MISMATCH", 1L)],
            rows.Select(r => (r.Action, r.Reason, r.Count))
        );
        Assert.Equal(TimeSpan.FromSeconds(20), rows[1].LastAt - rows[1].FirstAt);
        Assert.Contains("another", rows[1].Message, StringComparison.Ordinal);
        Assert.All(rows, r => Assert.Equal("127.0.0.1", r.Peer));
    }

    [Fact]
    public async Task Whoever_is_not_known_is_anonymous_and_no_part_of_a_token_is_kept()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var unknown = Tokens.Create(TokenKind.Provider);
        await TestAgent.Open(plane, unknown).End(Ct);
        await TestAgent.Open(plane, "nonsense").End(Ct);
        await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Providers.ListProvidersAsync(new ListProvidersRequest(), cancellationToken: Ct)
        );
        await Flush(plane);

        var rows = await Rows(plane);

        Assert.Equal(
            [
                (AccessSubjects.Anonymous, "attach", ErrorReasons.TokenInvalid, 2L),
                (AccessSubjects.Anonymous, "call", ErrorReasons.TokenMissing, 1L),
            ],
            rows.Select(r => (r.Subject, r.Action, r.Reason, r.Count))
        );
        Assert.All(rows, r => Assert.DoesNotContain(unknown[4..10], r.ToString(), StringComparison.Ordinal));
        Assert.All(rows, r => Assert.DoesNotContain("nonsense", r.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_caller_who_may_not_is_named_and_a_caller_who_may_leaves_no_row()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        var (id, token) = await plane.CreateProvider("west", Ct);
        await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Providers.ListProvidersAsync(
                new ListProvidersRequest(),
                new Metadata { { "authorization", $"Bearer {token}" } },
                cancellationToken: Ct
            )
        );
        await TestAgent.Open(plane, plane.AdminToken).End(Ct);
        await Flush(plane);

        Assert.Equal(
            [
                ($"provider:{id}", "call", ErrorReasons.PermissionDenied),
                ("user:admin", "attach", ErrorReasons.PermissionDenied),
            ],
            (await Rows(plane)).Select(r => (r.Subject, r.Action, r.Reason))
        );
    }

    [Fact]
    public async Task Replicas_and_later_saves_add_to_the_same_row()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        await using var other = await TestControlPlane.Start(Postgres, Ct, _time, database: plane.Database);
        await TestAgent.Open(plane, "nonsense").End(Ct);
        await Flush(plane);
        await TestAgent.Open(plane, "nonsense").End(Ct);
        await TestAgent.Open(other, "nonsense").End(Ct);

        await Task.WhenAll(Flush(plane), Flush(other));

        Assert.Equal(3, Assert.Single(await Rows(plane)).Count);
    }

    [Fact]
    public async Task What_can_not_be_stored_is_kept_and_stored_later()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        await TestAgent.Open(plane, "nonsense").End(Ct);
        await Execute(plane, $"alter table {AccessLogWriter.Table} rename to away");
        await Assert.ThrowsAsync<PostgresException>(() => Flush(plane));
        await TestAgent.Open(plane, "nonsense").End(Ct);

        await Execute(plane, $"alter table mesh.away rename to {AccessLogWriter.Table.Split('.')[1]}");
        await Flush(plane);

        Assert.Equal(2, Assert.Single(await Rows(plane)).Count);
    }

    [Fact]
    public async Task It_is_stored_every_few_seconds_and_once_more_when_the_control_plane_stops()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct, _time);
        await TestAgent.Open(plane, "nonsense").End(Ct);
        await Eventually(
            () =>
            {
                // More than once: the writer may still be starting.
                _time.Advance(TimeSpan.FromSeconds(5));
                return Rows(plane);
            },
            rows => rows.Count == 1
        );

        await TestAgent.Open(plane, "nonsense").End(Ct);
        await plane.Stop();

        await using var database = NpgsqlDataSource.Create(plane.Database);
        Assert.Equal(2, (await Rows(database)).Sum(r => r.Count));
    }

    [Fact]
    public async Task Rows_of_more_than_90_days_are_removed_and_no_others()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        foreach (var days in (int[])[89, 91, 400])
            await Execute(
                plane,
                $"insert into {AccessLogWriter.Table} select now() - interval '{days} days', 's', 'call', 'R', {days}, now(), now(), '', ''"
            );

        await ActivatorUtilities.CreateInstance<Trimmer>(plane.Services).Trim(Ct);

        Assert.Equal(89, Assert.Single(await Rows(plane)).Count);
    }

    private static async Task Refused(TestControlPlane plane, string token)
    {
        using var agent = TestAgent.Open(plane, token);
        var hello = TestAgent.Hello(h => h.NamespaceUid = "another");
        await agent.Send(new Coder.Mesh.Agent.V1.ConnectRequest { Hello = hello }, Ct);
        Assert.Equal(ErrorReasons.ClusterMismatch, Reason(await agent.End(Ct)));
    }

    private static Task Flush(TestControlPlane plane) =>
        plane.Services.GetRequiredService<AccessLogWriter>().Flush(null, Ct);

    private static async Task Execute(TestControlPlane plane, string sql)
    {
        await using var command = plane.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Ct);
    }

    private sealed record Row(
        string Subject,
        string Action,
        string Reason,
        long Count,
        DateTime FirstAt,
        DateTime LastAt,
        string Message,
        string Peer
    );

    private static Task<List<Row>> Rows(TestControlPlane plane) =>
        Rows(plane.Services.GetRequiredService<NpgsqlDataSource>());

    private static async Task<List<Row>> Rows(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(
            $"select subject, action, reason, count, first_at, last_at, message, peer from {AccessLogWriter.Table} order by minute, subject, action, reason"
        );
        var rows = new List<Row>();
        await using var reader = await command.ExecuteReaderAsync(Ct);
        while (await reader.ReadAsync(Ct))
            rows.Add(
                new Row(
                    reader.GetString(0),
                    reader.GetString(1),
                    reader.GetString(2),
                    reader.GetInt64(3),
                    reader.GetDateTime(4),
                    reader.GetDateTime(5),
                    reader.GetString(6),
                    reader.GetString(7)
                )
            );
        return rows;
    }
}
