using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Presence;

public sealed class ReaperTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task A_sweeper_looks_when_it_starts_though_the_members_were_known_before()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using (await TestAgent.Attach(plane, token, Ct))
            await plane.Stop();
        using var logs = new FakeLoggerProvider();
        var services = new ServiceCollection().AddLogging(l => l.AddProvider(logs)).AddSingleton(TimeProvider.System);
        services.AddSingleton<AgentSessions>().AddSingleton<ProviderView>().AddSingleton<ProviderNames>();
        services.AddStorage(plane.Database).AddReplica().AddPresence();
        await using var replica = services.BuildServiceProvider();

        // The lease is faster than the sweeper: its word of a change is lost on it.
        await replica.GetRequiredService<ReplicaLease>().Renew(Ct);
        using var sweeper = ActivatorUtilities.CreateInstance<Reaper>(replica);
        await sweeper.StartAsync(Ct);

        await Eventually(() => Task.FromResult(logs.Collector.GetSnapshot().Any(r => r.Id.Id == 1403)), begun => begun);
        await sweeper.StopAsync(Ct);
    }
}
