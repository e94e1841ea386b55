using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ProviderDetails = Coder.Mesh.V1.ProviderDetails;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>No provider is given more workspaces than its agent may report.</summary>
public sealed class ProviderRoomTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int Limit = 100;

    [Fact]
    public async Task A_workspace_that_an_agent_could_not_report_any_more_is_refused_and_a_region_s_next_provider_takes_it()
    {
        await using var mesh = await Rules.Mesh.Start(
            Postgres,
            s => s.PostConfigure<AgentStreamOptions>(o => o.MaxWorkspacesPerSnapshot = Limit),
            Ct
        );
        await mesh.Ready("east-1", new ProviderDetails { Region = "east" });
        await mesh.Allow("default", "east-1");
        for (var i = 0; i < Limit; i++)
            await mesh.Place($"dev-{i}", provider: "east-1");

        var named = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("more", provider: "east-1"));
        var anyOfRegion = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("more", region: "east"));
        await mesh.Ready("east-2", new ProviderDetails { Region = "east" });
        await mesh.Allow("default", "east-2");
        var elsewhere = await mesh.Place("more", region: "east");

        foreach (var refused in new[] { named, anyOfRegion })
        {
            Assert.Equal(ErrorReasons.PlacementRefused, Reason(refused));
            var cause = Assert.Single(refused.GetRpcStatus()!.GetDetail<PreconditionFailure>()!.Violations);
            Assert.Equal(("AT_CAPACITY", "east-1"), (cause.Type, cause.Subject));
            Assert.Contains("at most 100 that one agent may report", cause.Description, StringComparison.Ordinal);
        }

        Assert.Equal("east-2", elsewhere.Provider);
        var finished = await mesh.Plane.Workspace("dev-0", Ct);
        await mesh.Finish("east-1", finished);
        Assert.Equal("east-1", (await mesh.Place("again", provider: "east-1")).Provider);
    }

    [Fact]
    public void A_count_is_remembered_for_ten_seconds_with_what_was_placed_since_and_not_when_it_comes_near_the_limit()
    {
        var time = new FakeTimeProvider();
        var room = new ProviderRoom(Limit, time);

        Assert.Null(room.Estimate("p"));
        room.Saw("p", 48);
        room.Placed("p");
        Assert.Equal(49, room.Estimate("p"));
        room.Placed("p");
        Assert.Null(room.Estimate("p"));
        room.Saw("p", 1);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Null(room.Estimate("p"));
    }
}
