using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Presence;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using ProviderStatus = Coder.Mesh.V1.ProviderStatus;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

/// <summary>What is shown of agents whose control plane has left, before anything new is stored about them.</summary>
public sealed class LostSessionTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Agent_whose_replica_has_left_is_shown_detached_by_get_list_and_watch()
    {
        await using var before = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await before.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(before, token, Ct);
        await agent.Snapshot(Ct);
        var attached = await Eventually(() => before.Provider("west", Ct), p => p.Status == ProviderStatus.Ready);
        await before.Stop();
        await using var after = await TestControlPlane.Start(Postgres, Ct, database: before.Database);

        var seen = await after.Provider("west", Ct);
        var list = await after.Providers.ListProvidersAsync(
            new ListProvidersRequest(),
            after.Admin,
            cancellationToken: Ct
        );
        using var watch = after.Providers.WatchProviders(
            new WatchProvidersRequest { Provider = "west", ResumeToken = list.ResumeToken },
            after.Admin,
            cancellationToken: Ct
        );
        await after.Providers.CordonProviderAsync(
            new CordonProviderRequest { Provider = "west", Reason = "a change to watch" },
            after.Admin,
            cancellationToken: Ct
        );
        Provider? watched = null;
        while (watched is null && await watch.ResponseStream.MoveNext(Ct))
            watched = watch.ResponseStream.Current.Provider;

        Assert.True(attached.Agent.Attached);
        Assert.Equal((ProviderStatus.Ready, false), (seen.Status, seen.Agent.Attached));
        Assert.True(seen.Agent.SinceTime >= attached.Agent.SinceTime);
        Assert.Equal(seen.Agent, list.Providers.Single(p => p.Name == "west").Agent);
        Assert.Equal(seen.Agent, watched?.Agent);
    }
}
