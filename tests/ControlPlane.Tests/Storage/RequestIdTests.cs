using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>R9: a retried write with the same request id returns the first result, and has no second effect.</summary>
public sealed class RequestIdTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task R9_a_repeated_create_returns_the_first_workspace_even_after_it_has_ended()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();

        var first = await mesh.Place("dev", requestId: "r1");
        var again = await mesh.Place("dev", requestId: "r1");
        await mesh.Finish("built-in", first);
        var ended = await mesh.Place("dev", requestId: "r1");
        var other = await mesh.Place("dev", requestId: "r2");

        Assert.Equal([first.Id, first.Id], new[] { again.Id, ended.Id });
        Assert.Equal(WorkspaceState.Deleted, ended.State);
        Assert.NotEqual(first.Id, other.Id);
    }

    [Fact]
    public async Task R9_the_same_id_with_another_body_is_refused_and_another_methods_or_callers_is_its_own()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        await mesh.Place("dev", requestId: "r1");

        var reused = await Assert.ThrowsAsync<RpcException>(() => mesh.Place("other", requestId: "r1"));
        var method = await mesh.Create("west", requestId: "r1").Answer();

        Assert.Equal((StatusCode.InvalidArgument, ErrorReasons.RequestIdReused), (reused.StatusCode, Reason(reused)));
        Assert.Equal(["request_id"], Fields(reused));
        Assert.Equal("ok", method);
        Assert.Equal(1, (await mesh.Plane.Provider("built-in", Ct)).UnfinishedWorkspaces);
    }

    [Theory]
    [InlineData("dev", "ok")]
    [InlineData("other", ErrorReasons.RequestIdReused)]
    public async Task R9_the_same_id_twice_at_once_has_one_effect(string second, string answer)
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        Task<Workspace> one,
            two;

        await using (var held = await HeldLock.Events(mesh.Database, Ct))
        {
            one = mesh.Place("dev", requestId: "r1");
            await held.Until(1, Ct);
            two = mesh.Place(second, requestId: "r1");
            await held.Until(2, Ct);
        }

        // Which of them is first is the store's to say.
        string[] answers = [await one.Answer(), await two.Answer()];
        Assert.Equal(new[] { answer, "ok" }.Order(StringComparer.Ordinal), answers.Order(StringComparer.Ordinal));
        if (answer == "ok")
            Assert.Equal((await one).Id, (await two).Id);
        Assert.Equal(1, (await mesh.Plane.Provider("built-in", Ct)).UnfinishedWorkspaces);
    }

    [Fact]
    public async Task R9_a_refused_call_leaves_its_id_free()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);

        Assert.Equal(ErrorReasons.PlacementRefused, await mesh.Place("dev", requestId: "r1").Answer());
        await mesh.BuiltInReady();

        Assert.Equal("ok", await mesh.Place("dev", requestId: "r1").Answer());
    }

    [Fact]
    public async Task R9_a_repeated_provider_create_gives_a_fresh_token_until_an_agent_has_attached_with_it()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);

        var first = await mesh.Create("west", requestId: "r1");
        var second = await mesh.Create("west", requestId: "r1");
        using var stale = TestAgent.Open(mesh.Plane, first.Token);
        var refused = await stale.End(Ct);
        using var agent = await TestAgent.Attach(mesh.Plane, second.Token, Ct);
        var third = await mesh.Create("west", requestId: "r1");

        Assert.Equal([first.Provider.Id, first.Provider.Id], new[] { second.Provider.Id, third.Provider.Id });
        Assert.NotEqual(first.Token, second.Token);
        Assert.Equal(ErrorReasons.TokenInvalid, Reason(refused));
        Assert.Equal("", third.Token);
        var token = Assert.Single(third.Provider.Tokens);
        Assert.True(token.Used);
    }

    [Fact]
    public async Task R9_a_repeated_forget_says_the_same_again()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct, "west");
        await mesh.Allow("default", "west");
        await mesh.Place("dev", provider: "west");

        var first = await mesh.Forget("west", force: true, requestId: "r1");
        var again = await mesh.Forget("west", force: true, requestId: "r1");

        Assert.Equal(1, first.LostWorkspaces);
        Assert.Equal(first, again);
    }

    [Fact]
    public async Task R9_an_id_counts_for_24_hours()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.Create("one", requestId: "r1");
        await using var connection = new NpgsqlConnection(mesh.Database);
        await connection.OpenAsync(Ct);
        await using var age = new NpgsqlCommand(
            "update mesh.mesh_request set at = now() - interval '25 hours'",
            connection
        );
        await age.ExecuteNonQueryAsync(Ct);

        Assert.Equal("ok", await mesh.Create("two", requestId: "r1").Answer());
        Assert.Equal(ErrorReasons.RequestIdReused, await mesh.Create("one", requestId: "r1").Answer());
    }

    [Fact]
    public async Task Over_long_ids_and_nonsense_etags_are_named()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);

        var id = await Assert.ThrowsAsync<RpcException>(() => mesh.Create("west", requestId: new string('x', 129)));
        var etag = await Assert.ThrowsAsync<RpcException>(async () =>
            await mesh.Plane.Providers.DeleteProviderAsync(
                new DeleteProviderRequest { Provider = "west", Etag = "seven" },
                mesh.Plane.Admin,
                cancellationToken: Ct
            )
        );

        Assert.Equal(["request_id"], Fields(id));
        Assert.Equal(["etag"], Fields(etag));
    }
}
