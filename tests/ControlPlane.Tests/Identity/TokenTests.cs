using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Tests.Identity;

/// <summary>Rotation and revocation of agents' tokens, and the acceptance of another cluster.</summary>
public sealed class TokenTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task However_often_it_is_rotated_the_token_of_an_attached_agent_stays()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west");
        using var agent = await TestAgent.Attach(mesh.Plane, created.Token, Ct, h => h.NamespaceUid = "ns");

        await Rotate(mesh, "west");
        await Rotate(mesh, "west");
        var last = await Rotate(mesh, "west");

        await agent.Heartbeat(Ct);
        await agent.Next(ConnectResponse.FrameOneofCase.HeartbeatAck, Ct);
        Assert.Equal(
            [(created.Provider.Tokens[0].Id, true, true), (last.TokenId, false, false)],
            (await mesh.Plane.Provider("west", Ct)).Tokens.Select(t => (t.Id, t.Used, t.InUse))
        );
        Assert.Equal(ProviderStatus.Ready, (await mesh.Plane.Provider("west", Ct)).Status);
    }

    [Fact]
    public async Task Once_the_agent_has_changed_over_the_token_that_it_had_before_makes_room()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var first = (await mesh.Create("west")).Token;
        using var before = await TestAgent.Attach(mesh.Plane, first, Ct, h => h.NamespaceUid = "ns");
        var second = await Rotate(mesh, "west");
        using var agent = await TestAgent.Attach(mesh.Plane, second.Token, Ct, h => h.NamespaceUid = "ns");

        var third = await Rotate(mesh, "west");

        Assert.Equal(
            [(second.TokenId, true, true), (third.TokenId, false, false)],
            (await mesh.Plane.Provider("west", Ct)).Tokens.Select(t => (t.Id, t.Used, t.InUse))
        );
        using var stale = TestAgent.Open(mesh.Plane, first);
        Assert.Equal(ErrorReasons.TokenInvalid, Reason(await stale.End(Ct)));
    }

    [Fact]
    public async Task A_rotation_waits_for_an_attach_that_is_being_stored_and_spares_its_token()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west");
        var second = await Rotate(mesh, "west");
        await using var attach = await HeldLock.Attach(mesh.Database, created.Provider.Id, second.TokenId, Ct);

        var rotating = Rotate(mesh, "west");
        await attach.Until(waiting: 1, Ct);
        await attach.Commit(Ct);
        var third = await rotating;

        Assert.Equal([second.TokenId, third.TokenId], third.Provider.Tokens.Select(t => t.Id));
    }

    [Fact]
    public async Task A_revoked_token_ends_the_session_that_attached_with_it_and_no_other()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west");
        var second = await Rotate(mesh, "west");
        using var agent = await TestAgent.Attach(mesh.Plane, second.Token, Ct);

        await Revoke(mesh, created.Provider.Tokens[0].Id);
        await agent.Heartbeat(Ct);
        await agent.Next(ConnectResponse.FrameOneofCase.HeartbeatAck, Ct);
        await Revoke(mesh, second.TokenId);

        Assert.Equal(ErrorReasons.TokenInvalid, Reason(await agent.End(Ct)));
        using var refused = TestAgent.Open(mesh.Plane, second.Token);
        Assert.Equal(ErrorReasons.TokenInvalid, Reason(await refused.End(Ct)));
        Assert.Equal(ErrorReasons.ProviderTokenNotFound, await Revoke(mesh, second.TokenId).Answer());
        Assert.Empty((await mesh.Plane.Provider("west", Ct)).Tokens);
    }

    [Fact]
    public async Task A_repeated_rotation_gives_a_fresh_token_in_place_of_the_one_nobody_has_used()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("west");

        var first = await Rotate(mesh, "west", "r1");
        var again = await Rotate(mesh, "west", "r1");

        Assert.Equal(first.TokenId, again.TokenId);
        Assert.NotEqual(first.Token, again.Token);
        Assert.Equal(2, again.Provider.Tokens.Count);
        using var stale = TestAgent.Open(mesh.Plane, first.Token);
        Assert.Equal(ErrorReasons.TokenInvalid, Reason(await stale.End(Ct)));
        using var agent = await TestAgent.Attach(mesh.Plane, again.Token, Ct);
        Assert.Equal("", (await Rotate(mesh, "west", "r1")).Token);
    }

    [Fact]
    public async Task Another_cluster_is_refused_until_it_is_accepted_and_then_it_is_the_only_one()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west");
        var old = await TestAgent.Attach(mesh.Plane, created.Token, Ct, h => h.NamespaceUid = "old");
        Assert.Equal(ErrorReasons.ProviderNoCluster, await Accept(mesh, "new").Answer());

        Assert.Equal(ErrorReasons.ClusterMismatch, await Refused(mesh, created.Token, "new"));
        Assert.Null((await mesh.Plane.Provider("west", Ct)).OfferedCluster);
        await old.Heartbeat(Ct, TestAgent.Unreachable());
        await UntilStatus(mesh.Plane, "west", ProviderStatus.Error);
        old.Dispose();
        await Eventually(() => mesh.Plane.Provider("west", Ct), p => !p.Agent.Attached);
        Assert.Equal(ErrorReasons.ClusterMismatch, await Refused(mesh, created.Token, "new"));
        var offered = (await mesh.Plane.Provider("west", Ct)).OfferedCluster;
        Assert.Equal(("new", "workspaces"), (offered.NamespaceUid, offered.Namespace));
        Assert.Equal(ErrorReasons.ProviderNoCluster, await Accept(mesh, "third").Answer());

        var accepted = await Accept(mesh, "new");

        Assert.Equal("old", accepted.PreviousNamespaceUid);
        Assert.Null(accepted.Provider.OfferedCluster);
        Assert.Equal(ErrorReasons.ClusterMismatch, await Refused(mesh, created.Token, "old"));
        using var agent = await TestAgent.Attach(mesh.Plane, created.Token, Ct, h => h.NamespaceUid = "new");
        await UntilStatus(mesh.Plane, "west", ProviderStatus.Ready);
    }

    [Fact]
    public async Task History_merges_what_people_did_with_what_the_agent_made_of_it_newest_first_and_in_pages()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        var created = await mesh.Create("west", new ProviderDetails { Region = "eu" }, requestId: "r1");
        using var agent = await TestAgent.Attach(mesh.Plane, created.Token, Ct);
        await mesh.Cordon("west", "new disks");
        await mesh.Uncordon("west");
        await mesh.Forget("west", force: true);

        var whole = await mesh.History(created.Provider.Id);
        var paged = new List<HistoryEntry>();
        var token = "";
        do
        {
            var page = await mesh.Plane.Providers.ListHistoryAsync(
                new ListHistoryRequest
                {
                    Provider = created.Provider.Id,
                    PageSize = 3,
                    PageToken = token,
                },
                mesh.Plane.Admin,
                cancellationToken: Ct
            );
            Assert.InRange(page.Entries.Count, 1, 3);
            paged.AddRange(page.Entries);
            token = page.NextPageToken;
        } while (token.Length > 0);

        Assert.Equal(whole, paged);
        Assert.Equal(
            [
                "registered as \"west\"; region: eu",
                $"token {created.Provider.Tokens[0].Id} made",
                "waiting for its first agent",
                "agent test attached from namespace \"workspaces\", epoch 1",
                "agent reports: all conditions are true",
                "Pending → Ready",
                "cordoned: new disks",
                "uncordoned; it was cordoned for: new disks",
                "forgotten, 0 workspaces lost: the cluster burnt down",
                "its agents are refused from now on",
            ],
            whole.Reverse().Select(e => e.Summary)
        );
        Assert.Equal(("admin", "r1", "provider.registered.v1"), (whole[^1].Actor, whole[^1].RequestId, whole[^1].Type));
        Assert.Equal((ActorKind.User, "admin"), (whole[^1].ActorKind, whole[^1].ActorId));
        Assert.Equal($"agent:{created.Provider.Id}", whole[^4].Actor);
        Assert.Equal((ActorKind.Agent, created.Provider.Id), (whole[^4].ActorKind, whole[^4].ActorId));
    }

    private static async Task<RotateTokenResponse> Rotate(Rules.Mesh mesh, string provider, string requestId = "") =>
        await mesh.Plane.Providers.RotateTokenAsync(
            new RotateTokenRequest { Provider = provider, RequestId = requestId },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

    private static async Task Revoke(Rules.Mesh mesh, string tokenId) =>
        await mesh.Plane.Providers.RevokeTokenAsync(
            new RevokeTokenRequest { Provider = "west", TokenId = tokenId },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

    private static async Task<AcceptClusterResponse> Accept(Rules.Mesh mesh, string namespaceUid) =>
        await mesh.Plane.Providers.AcceptClusterAsync(
            new AcceptClusterRequest { Provider = "west", NamespaceUid = namespaceUid },
            mesh.Plane.Admin,
            cancellationToken: Ct
        );

    private static async Task<string?> Refused(Rules.Mesh mesh, string token, string namespaceUid)
    {
        using var agent = TestAgent.Open(mesh.Plane, token);
        await agent.Send(new ConnectRequest { Hello = TestAgent.Hello(h => h.NamespaceUid = namespaceUid) }, Ct);
        return Reason(await agent.End(Ct));
    }
}
