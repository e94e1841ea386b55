using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class ChangeProjectorTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task One_that_forgets_nearly_all_streams_tells_the_same_as_one_that_reads_all_at_once()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        foreach (var name in new[] { "west", "east" })
        {
            await mesh.Ready(name);
            var workspace = await mesh.Plane.CreateWorkspace($"for-{name}", Ct);
            await mesh.Cordon(name);
            await mesh.Agent("built-in").Observe(workspace.Id, 1, WorkspaceState.Running, Ct);
            await UntilState(mesh.Plane, workspace.Id, WorkspaceState.Running);
        }

        await mesh.Uncordon("west");
        await mesh.Delete("east");
        await WatchProbe.Settled(mesh.Plane, Ct);
        var database = mesh.Plane.Services.GetRequiredService<NpgsqlDataSource>();
        var feed = await FeedPage.Read(database, new FeedPosition(0, 0), exceptReplica: null, size: 1_000, Ct);

        using var atOnce = Folder(mesh.Plane, remembered: 1_000);
        var all = await atOnce.Fold(feed.Rows, Ct);
        using var forgetful = Folder(mesh.Plane, remembered: 1);
        var told = new List<FeedChange>();
        foreach (var row in feed.Rows)
            told.AddRange(await forgetful.Fold([row], Ct));

        Assert.InRange(all.Count, 15, feed.Rows.Count);
        Assert.Equal(all.Where(IsOwn).Select(Shown), told.Where(IsOwn).Select(Shown));
        // What others show because of it is reported once for all of them together, and each time one by one.
        Assert.Equal(Last(all), Last(told));
        Assert.True(told.Count(c => !IsOwn(c)) > all.Count(c => !IsOwn(c)));
    }

    private static bool IsOwn(FeedChange change) =>
        change switch
        {
            ProviderChange c => c.Before != c.After,
            OrganizationChange c => c.Before != c.After,
            _ => true,
        };

    private static Dictionary<string, IMessage> Last(IEnumerable<FeedChange> changes) =>
        changes
            .GroupBy(c =>
                c.Message.Descriptor.Name + c.Message.Descriptor.FindFieldByName("id").Accessor.GetValue(c.Message)
            )
            .ToDictionary(g => g.Key, g => g.Last().Message);

    private static ChangeProjector Folder(TestControlPlane plane, int remembered) =>
        new(
            plane.Services.GetRequiredService<StreamHistory>(),
            plane.Services.GetRequiredService<ShownResources>(),
            remembered
        );

    private static (FeedPosition, IMessage) Shown(FeedChange change) => (change.Position, change.Message);
}
