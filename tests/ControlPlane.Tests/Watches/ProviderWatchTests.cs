using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class ProviderWatchTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task A_change_of_either_stream_tells_the_whole_provider_in_a_version_of_its_own()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        using var watch = await WatchProbe.Providers(mesh.Plane, Ct);
        await mesh.Ready("west");
        await mesh.Cordon("west");

        var told = new List<WatchProvidersResponse>();
        while (told.Count == 0 || told[^1].Provider.Cordon is null)
            told.Add(await watch.Next(Ct));

        Assert.All(told, m => Assert.Equal((ChangeType.Changed, "west"), (m.Type, m.Provider.Name)));
        Assert.Equal(ProviderStatus.Pending, told[0].Provider.Status);
        Assert.Equal(ProviderStatus.Ready, told[^1].Provider.Status);
        var versions = told.Select(m => m.Provider.ResourceVersion).ToList();
        Assert.Equal(versions.Distinct().Order(), versions);
        var read = await mesh.Plane.Provider("west", Ct);
        Assert.Equal(
            (read.ResourceVersion, read.Etag, read.Status, read.Cordon),
            (versions[^1], told[^1].Provider.Etag, told[^1].Provider.Status, told[^1].Provider.Cordon)
        );
    }

    /// <summary>The other stream's version at that moment is told, though by now it is a later one.</summary>
    [Fact]
    public async Task A_watch_that_comes_late_is_told_the_versions_as_they_were()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var list = await mesh.Plane.Providers.ListProvidersAsync(new(), mesh.Plane.Admin, cancellationToken: Ct);
        using var live = await WatchProbe.Providers(mesh.Plane, Ct, new() { ResumeToken = list.ResumeToken });
        await mesh.Ready("west");
        await mesh.Cordon("west");
        await mesh.Uncordon("west");
        var told = new List<WatchProvidersResponse>();
        while (told.Count < 2 || told[^2].Provider.Cordon is null)
            told.Add(await live.Next(Ct));

        for (var from = -1; from < told.Count - 1; from++)
        {
            var token = from < 0 ? list.ResumeToken : told[from].ResumeToken;
            await using var second = await TestControlPlane.Start(Postgres, Ct, database: mesh.Database);
            using var late = await WatchProbe.Providers(second, Ct, new() { ResumeToken = token });
            foreach (var expected in told.Skip(from + 1))
                Assert.Equal(expected, await late.Next(Ct));
        }
    }

    [Fact]
    public async Task A_deleted_provider_is_removed_once()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");
        using var watch = await WatchProbe.Providers(mesh.Plane, Ct, new() { Provider = "west" });
        using var all = await WatchProbe.Providers(mesh.Plane, Ct);

        await mesh.Delete("west");
        await mesh.Create("east");

        Assert.Equal(ChangeType.Removed, (await watch.Next(Ct)).Type);
        var removed = await all.Next(Ct);
        var next = await all.Next(Ct);
        Assert.Equal((ChangeType.Removed, "west"), (removed.Type, removed.Provider.Name));
        Assert.Equal((ChangeType.Changed, "east"), (next.Type, next.Provider.Name));
    }

    [Fact]
    public async Task Providers_come_and_go_with_region_status_and_cordon()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        using var region = await WatchProbe.Providers(mesh.Plane, Ct, new() { Region = "eu" });
        using var ready = await WatchProbe.Providers(mesh.Plane, Ct, new() { Status = ProviderStatus.Ready });
        using var cordoned = await WatchProbe.Providers(mesh.Plane, Ct, new() { Cordoned = true });
        await mesh.Ready("us", new() { Region = "us" });
        await mesh.Ready("eu", new() { Region = "eu" });
        await mesh.Cordon("eu");
        await mesh.Uncordon("eu");

        Assert.Equal("eu", (await region.Next(Ct)).Provider.Name);
        Assert.Equal("us", (await ready.Next(Ct)).Provider.Name);
        var came = await cordoned.Next(Ct);
        var went = await cordoned.Next(Ct);
        Assert.Equal((ChangeType.Changed, "eu"), (came.Type, came.Provider.Name));
        Assert.Equal((ChangeType.Removed, "eu"), (went.Type, went.Provider.Name));
    }
}
