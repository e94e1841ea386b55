using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.History;

/// <summary>A provider's history holds what happened to it in streams of others too.</summary>
public sealed class ProviderHistoryTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Allowlists_and_the_default_are_part_of_it_by_name()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Organization("science", "west");
        await mesh.SetDefault("west");
        await mesh.SetDefault("built-in");
        await mesh.Disallow("science", "west");

        Assert.Equal(
            [
                "organization \"science\" may use it",
                "made the default provider: \"built-in\" → \"west\"",
                "no longer the default provider: \"west\" → \"built-in\"",
                "organization \"science\" may no longer use it",
            ],
            (await mesh.History("west")).Reverse().Skip(3).Select(e => e.Summary)
        );
        Assert.Equal(
            [
                "made the default provider",
                "organization \"default\" may use it",
                "organization \"science\" may use it",
                "no longer the default provider: \"built-in\" → \"west\"",
                "made the default provider: \"west\" → \"built-in\"",
            ],
            (await mesh.History("built-in"))
                .Reverse()
                .Select(e => e.Summary)
                .Where(s =>
                    s.Contains("default", StringComparison.Ordinal) || s.Contains("may", StringComparison.Ordinal)
                )
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Its_pages_make_the_whole_with_what_changed_before_a_page(int size)
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west", new ProviderDetails { Region = "eu" });
        await mesh.Organization("science", "west");
        await Update(mesh, "us");
        await mesh.Cordon("west", "disks");
        await mesh.Uncordon("west");
        await mesh.SetDefault("west");
        await Update(mesh, "asia");
        await mesh.Allow("default", "west");

        var whole = await mesh.History("west");

        Assert.Equal(whole, await Paged(mesh, size));
        Assert.Contains(whole, e => e.Summary == "details changed: region: us → asia");
        Assert.Contains(whole, e => e.Summary == "uncordoned; it was cordoned for: disks");
    }

    [Theory]
    [InlineData("organization.provider_allowed.v1")]
    [InlineData("provider.cordoned.v1")]
    public async Task Its_pages_make_the_whole_though_clocks_of_writers_differ(string late)
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Organization("science", "west");
        await mesh.Cordon("west", "disks");
        await mesh.Allow("default", "west");
        await mesh.Uncordon("west");
        await mesh.Disallow("science", "west");
        await Execute(
            mesh.Database,
            $"update mesh.mt_events set timestamp = timestamp - interval '1 hour' where type = '{late}' "
                + $"and seq_id = (select max(seq_id) from mesh.mt_events where type = '{late}')"
        );

        Assert.Equal(await mesh.History("west"), await Paged(mesh, 1));
    }

    [Fact]
    public async Task A_database_of_before_is_changed_while_others_write_to_it()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Allow("default", "west");
        await Execute(
            mesh.Database,
            "drop table mesh.mesh_provider_mention; drop trigger mesh_provider_mentioned on mesh.mt_events"
        );
        await using var writer = await HeldLock.Append(mesh.Database, Ct);

        var apply = mesh.Plane.Services.GetRequiredService<Schema>().Apply(Ct);
        await writer.Until(1, Ct);
        await writer.Execute(
            "insert into mesh.mesh_feed (stream, version_before, version_after) values ('presence-x', 0, 1)",
            Ct
        );
        await writer.Commit(Ct);
        await apply;

        Assert.Contains(await mesh.History("west"), e => e.Summary == "organization \"default\" may use it");
    }

    [Fact]
    public async Task Replicas_that_start_at_once_change_a_database_of_before_once()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Allow("default", "west");
        var before = await mesh.History("west");
        await Execute(
            mesh.Database,
            "drop table mesh.mesh_provider_mention; drop trigger mesh_provider_mentioned on mesh.mt_events"
        );
        var schema = mesh.Plane.Services.GetRequiredService<Schema>();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => schema.Apply(Ct)));
        await mesh.Disallow("default", "west");

        Assert.Equal(before, (await mesh.History("west")).Skip(1));
    }

    [Fact]
    public async Task What_happened_before_this_version_is_found_too()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        await mesh.Allow("default", "west");
        await mesh.SetDefault("west");
        var before = await mesh.History("west");
        await Execute(
            mesh.Database,
            "drop table mesh.mesh_provider_mention; drop trigger mesh_provider_mentioned on mesh.mt_events"
        );

        await mesh.Plane.Services.GetRequiredService<Schema>().Apply(Ct);
        await mesh.SetDefault("built-in");

        var after = await mesh.History("west");
        Assert.Equal(5, before.Count);
        Assert.Equal(before, after.Skip(1));
        Assert.Equal("no longer the default provider: \"west\" → \"built-in\"", after[0].Summary);
    }

    private static async Task<List<HistoryEntry>> Paged(Rules.Mesh mesh, int size)
    {
        var paged = new List<HistoryEntry>();
        var token = "";
        do
        {
            var page = await mesh.Plane.Providers.ListHistoryAsync(
                new ListHistoryRequest
                {
                    Provider = "west",
                    PageSize = size,
                    PageToken = token,
                },
                mesh.Plane.Admin,
                cancellationToken: Ct
            );
            Assert.InRange(page.Entries.Count, 1, size);
            paged.AddRange(page.Entries);
            token = page.NextPageToken;
        } while (token.Length > 0);

        return paged;
    }

    private static async Task Update(Rules.Mesh mesh, string region) =>
        await mesh.Plane.Providers.UpdateProviderAsync(
            new UpdateProviderRequest
            {
                Provider = "west",
                Details = new ProviderDetails { Region = region },
                UpdateMask = new Google.Protobuf.WellKnownTypes.FieldMask { Paths = { "details.region" } },
            },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

    private static async Task Execute(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Ct);
    }
}
