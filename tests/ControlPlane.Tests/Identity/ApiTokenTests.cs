using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Watches;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Identity;

/// <summary>Who a caller is, and how the tokens of callers are listed and revoked.</summary>
public sealed class ApiTokenTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task Caller_is_told_its_user_and_the_id_of_its_token()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var other = await Issue(plane, "build");

        var (admin, build) = (await Caller(plane, plane.AdminToken), await Caller(plane, other));

        Assert.Equal(("admin", "build"), (admin.User, build.User));
        var tokens = await All(plane);
        Assert.Equal("build", tokens.Single(t => t.Id == build.TokenId).User);
        Assert.Equal(admin.TokenId, tokens.Single(t => t.Current).Id);
    }

    [Fact]
    public async Task Tokens_are_listed_page_by_page_oldest_first_without_those_of_agents_or_any_secret()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.CreateProvider("west", Ct);
        string[] secrets = [await Issue(plane, "a"), await Issue(plane, "b"), await Issue(plane, "c")];

        var tokens = await All(plane, size: 2);

        // Those of one millisecond come in any order: ids have no finer time.
        var times = tokens.Select(t => t.CreateTime.ToDateTimeOffset().ToUnixTimeMilliseconds()).ToList();
        Assert.Equal(times.Order(), times);
        Assert.Equal(["a", "b", "c"], tokens.TakeLast(3).Select(t => t.User).Order(StringComparer.Ordinal));
        Assert.Equal(tokens.Select(t => t.Id), (await All(plane)).Select(t => t.Id));
        Assert.All(
            secrets,
            secret =>
            {
                Assert.DoesNotContain(secret, string.Join(" ", tokens), StringComparison.Ordinal);
                Assert.DoesNotContain(Tokens.Hash(secret), string.Join(' ', tokens), StringComparison.Ordinal);
            }
        );
        // The one of first start's file, if any, that of the test, and the three.
        Assert.All(tokens, t => Assert.Contains(t.User, new[] { "admin", "a", "b", "c" }));
    }

    [Fact]
    public async Task Revoked_token_is_refused_at_once_on_each_replica()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var replica = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);
        var token = await Issue(plane, "build");
        var id = (await Caller(plane, token)).TokenId;
        Assert.Equal("build", (await Caller(replica, token)).User);

        await Revoke(plane, id);

        foreach (var one in new[] { plane, replica })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => Caller(one, token));
            Assert.Equal(
                (StatusCode.Unauthenticated, ErrorReasons.TokenInvalid),
                (refused.StatusCode, Reason(refused))
            );
        }

        Assert.DoesNotContain(await All(plane), t => t.Id == id);
    }

    [Fact]
    public async Task Watches_of_a_revoked_token_end_on_each_replica_and_those_of_others_go_on()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await using var replica = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);
        var token = await Issue(plane, "build");
        using var here = await Watch(plane, token);
        using var there = await Watch(replica, token);
        using var others = await Watch(replica, plane.AdminToken);

        await Revoke(plane, (await Caller(plane, token)).TokenId);

        foreach (var end in new[] { await End(here), await End(there) })
            Assert.Equal((StatusCode.Unauthenticated, ErrorReasons.TokenInvalid), (end.StatusCode, Reason(end)));
        await plane.CreateProvider("later", Ct);
        Assert.Equal("later", (await others.Next(Ct)).Provider.Name);
    }

    [Fact]
    public async Task Token_of_the_call_itself_is_not_revoked_by_it()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var own = (await Caller(plane, plane.AdminToken)).TokenId;

        var refused = await Assert.ThrowsAsync<RpcException>(() => Revoke(plane, own));

        Assert.Equal((StatusCode.FailedPrecondition, ErrorReasons.TokenInUse), (refused.StatusCode, Reason(refused)));
        Assert.Equal(own, (await Caller(plane, plane.AdminToken)).TokenId);
    }

    [Fact]
    public async Task Only_API_tokens_are_found_and_each_is_revoked_once()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.CreateProvider("west", Ct);
        var agents = (await plane.Provider("west", Ct)).Tokens.Single().Id;
        var id = (await Caller(plane, await Issue(plane, "build"))).TokenId;

        await Revoke(plane, id, "again");
        await Revoke(plane, id, "again");
        foreach (var gone in new[] { id, agents, "nonsense" })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => Revoke(plane, gone));
            Assert.Equal((StatusCode.NotFound, ErrorReasons.TokenNotFound), (refused.StatusCode, Reason(refused)));
        }

        Assert.Single((await plane.Provider("west", Ct)).Tokens);
        var empty = await Assert.ThrowsAsync<RpcException>(() => Revoke(plane, ""));
        Assert.Equal((StatusCode.InvalidArgument, "token_id"), (empty.StatusCode, Fields(empty).Single()));
    }

    private static TokenService.TokenServiceClient Client(TestControlPlane plane) => new(plane.Channel);

    private static Metadata As(string token) => new() { { "authorization", $"Bearer {token}" } };

    private static Task<string> Issue(TestControlPlane plane, string user) =>
        plane.Services.GetRequiredService<ApiTokens>().Issue(user, Ct);

    private static async Task<Principal> Caller(TestControlPlane plane, string token) =>
        (await Client(plane).GetCallerAsync(new(), As(token), cancellationToken: Ct)).Caller;

    private static async Task Revoke(TestControlPlane plane, string id, string requestId = "") =>
        await Client(plane)
            .DeleteTokenAsync(new() { TokenId = id, RequestId = requestId }, plane.Admin, cancellationToken: Ct);

    private static async Task<List<ApiToken>> All(TestControlPlane plane, int size = 0)
    {
        var (all, request) = (new List<ApiToken>(), new ListTokensRequest { PageSize = size });
        do
        {
            var page = await Client(plane).ListTokensAsync(request, plane.Admin, cancellationToken: Ct);
            all.AddRange(page.Tokens);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
        return all;
    }

    private static async Task<WatchProbe<WatchProvidersResponse>> Watch(TestControlPlane plane, string token)
    {
        var call = plane.Providers.WatchProviders(new(), As(token), cancellationToken: Ct);
        var probe = new WatchProbe<WatchProvidersResponse>(call, m => m.Type);
        Assert.Equal(ChangeType.Progress, (await probe.Any(Ct)).Type);
        return probe;
    }

    /// <summary>Messages that only tell how far a watch has come are no sign that it ends: they go on and on.</summary>
    private static async Task<RpcException> End(WatchProbe<WatchProvidersResponse> watch)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        return await watch.End(limit.Token).WaitAsync(TimeSpan.FromSeconds(60), Ct);
    }
}
