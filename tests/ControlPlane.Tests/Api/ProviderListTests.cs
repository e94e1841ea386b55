using System.Text;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Api.Calls;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.ControlPlane.Tests.Watches;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using static Coder.Mesh.V1.ProviderStatus;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>Lists and watches of providers with each filter absent and with each of its values.</summary>
public sealed class ProviderListTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private static readonly ProviderStatus[][] StatusFilters =
    [
        [],
        [Ready],
        [Pending, Ready],
        [Error],
    ];

    [Fact]
    public async Task Each_combination_of_filters_lists_what_it_says_page_by_page()
    {
        await using var mesh = await Filled();
        var all = await List(mesh.Plane, new() { IncludeDeleted = true });
        Assert.Equal("built-in east gone gone north west", string.Join(' ', all.Select(p => p.Name)));

        foreach (var request in Requests())
        {
            var expected = all.Where(p =>
                (request.Organization.Length == 0 || p.Organizations.Contains(request.Organization))
                && (request.Region.Length == 0 || p.Details.Region == request.Region)
                && (request.Statuses.Count == 0 || request.Statuses.Contains(p.Status))
                && (!request.HasCordoned || request.Cordoned == p.Cordon is not null)
                && (request.IncludeDeleted || p.DeleteTime is null)
            );
            var listed = await List(mesh.Plane, request);

            Assert.Equal($"{request}: {Ids(expected)}", $"{request}: {Ids(listed)}");
        }
    }

    [Fact]
    public async Task One_status_in_the_field_of_one_is_the_same_as_in_the_field_of_several()
    {
        await using var mesh = await Filled();
        foreach (var status in Enum.GetValues<ProviderStatus>().Where(s => s != Unspecified))
        {
            var one = await List(mesh.Plane, new() { Status = status });

            Assert.Equal(Ids(await List(mesh.Plane, new() { Statuses = { status } })), Ids(one));
            Assert.All(one, p => Assert.Equal(status, p.Status));
        }
    }

    [Fact]
    public async Task Status_that_the_API_does_not_name_is_refused()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var error = await Assert.ThrowsAsync<RpcException>(() => List(plane, new() { Statuses = { Unspecified } }));

        Assert.Equal((StatusCode.InvalidArgument, "statuses"), (error.StatusCode, Assert.Single(Fields(error))));
    }

    [Fact]
    public async Task A_page_token_of_version_0_1_goes_on_after_its_name()
    {
        await using var mesh = await Filled();
        var token = Convert.ToBase64String(Encoding.UTF8.GetBytes("east"));

        Assert.Equal(
            "north west",
            string.Join(' ', (await List(mesh.Plane, new() { PageToken = token })).Select(p => p.Name))
        );
    }

    [Fact]
    public async Task A_deleted_provider_is_read_by_its_id_and_says_when_it_went()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west");
        await mesh.Delete("west");

        var gone = await mesh.Plane.Provider(created.Provider.Id, Ct);

        Assert.True(gone.DeleteTime >= gone.CreateTime);
        Assert.Empty(gone.Tokens);
        Assert.Equal("PROVIDER_NOT_FOUND", await mesh.Plane.Provider("west", Ct).Answer());
    }

    /// <summary>Its document was written by a version that kept no time.</summary>
    [Fact]
    public async Task When_version_0_1_deleted_a_provider_is_known_after_the_next_start()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west");
        await mesh.Delete("west");
        var expected = (await mesh.Plane.Provider(created.Provider.Id, Ct)).DeleteTime;
        await using var old = mesh
            .Plane.Services.GetRequiredService<NpgsqlDataSource>()
            .CreateCommand("update mesh.mt_doc_provider set data = data - 'DeletedAt'");
        await old.ExecuteNonQueryAsync(Ct);

        await mesh.Plane.Services.GetRequiredService<Schema>().Apply(Ct);

        var read = (await mesh.Plane.Provider(created.Provider.Id, Ct)).DeleteTime;
        // Its transaction began before the time was taken, or was committed after.
        var difference = (read.ToDateTimeOffset() - expected.ToDateTimeOffset()).Duration();
        Assert.True(difference < TimeSpan.FromSeconds(30), $"{difference}");
        Assert.Null((await mesh.Plane.Provider("built-in", Ct)).DeleteTime);
    }

    [Fact]
    public async Task A_watch_holds_what_its_statuses_say_and_what_was_deleted_if_it_is_asked_for()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        using var all = await WatchProbe.Providers(
            mesh.Plane,
            Ct,
            new() { IncludeDeleted = true, Statuses = { Pending, Error } }
        );
        await mesh.Create("west");
        await mesh.Delete("west");

        var told = new List<WatchProvidersResponse>();
        while (told.Count == 0 || told[^1].Provider.DeleteTime is null)
            told.Add(await all.Next(Ct));
        Assert.All(told, m => Assert.Equal((ChangeType.Changed, "west"), (m.Type, m.Provider.Name)));
    }

    private static IEnumerable<ListProvidersRequest> Requests()
    {
        var requests =
            from organization in new[] { "", "acme" }
            from region in new[] { "", "eu" }
            from statuses in StatusFilters
            from cordoned in new bool?[] { null, true, false }
            from deleted in new[] { false, true }
            select (organization, region, statuses, cordoned, deleted);
        foreach (var (organization, region, statuses, cordoned, deleted) in requests)
        {
            var request = new ListProvidersRequest
            {
                Organization = organization,
                Region = region,
                Statuses = { statuses },
                IncludeDeleted = deleted,
                PageSize = 2,
            };
            if (cordoned is { } value)
                request.Cordoned = value;
            yield return request;
        }
    }

    private async Task<Rules.Mesh> Filled()
    {
        var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Ready("east", new() { Region = "us" });
        await mesh.Ready("west", new() { Region = "eu" });
        await mesh.Create("north", new() { Region = "eu" });
        foreach (var region in new[] { "us", "eu" })
        {
            await mesh.Create("gone", new() { Region = region });
            await mesh.Delete("gone");
        }
        await mesh.Organization("acme", "east");
        await mesh.Cordon("west");
        foreach (var name in new[] { "east", "west" })
        {
            await mesh.Agent(name).Snapshot(Ct);
            await UntilStatus(mesh.Plane, name, Ready);
        }
        return mesh;
    }

    private static async Task<IReadOnlyList<Provider>> List(TestControlPlane plane, ListProvidersRequest request)
    {
        var all = new List<Provider>();
        var page = request.Clone();
        do
        {
            var answer = await plane.Providers.ListProvidersAsync(page, plane.Admin, cancellationToken: Ct);
            Assert.True(request.PageSize == 0 || answer.Providers.Count <= request.PageSize);
            all.AddRange(answer.Providers);
            page.PageToken = answer.NextPageToken;
        } while (page.PageToken.Length > 0);
        return all;
    }

    private static string Ids(IEnumerable<Provider> providers) =>
        string.Join(' ', providers.Select(p => $"{p.Name}:{p.Id}"));
}
