using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Api;

public sealed class ProviderApiTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task R1_the_built_in_provider_is_there_from_the_first_start_is_the_default_and_stays_one_after_the_second()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.Stop();
        await using var again = await TestControlPlane.Start(Postgres, Ct, database: plane.Database);

        var provider = Assert.Single((await List(again)).Providers);
        Assert.Equal(
            ("built-in", ProviderKind.BuiltIn, true, ProviderStatus.Pending),
            (provider.Name, provider.Kind, provider.IsDefault, provider.Status)
        );
        var error = await Assert.ThrowsAsync<RpcException>(() => Delete(again, "built-in"));
        Assert.Equal((StatusCode.FailedPrecondition, ErrorReasons.ProviderBuiltIn), (error.StatusCode, Reason(error)));
    }

    [Fact]
    public async Task Lists_come_in_pages_in_order_of_name()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        foreach (var name in new[] { "c", "a", "b" })
            await plane.CreateProvider(name, Ct);

        var names = new List<string>();
        var token = "";
        do
        {
            var page = await plane.Providers.ListProvidersAsync(
                new ListProvidersRequest { PageSize = 2, PageToken = token },
                plane.Admin,
                cancellationToken: Ct
            );
            Assert.True(page.Providers.Count <= 2);
            names.AddRange(page.Providers.Select(p => p.Name));
            token = page.NextPageToken;
        } while (token.Length > 0);

        Assert.Equal(["a", "b", "built-in", "c"], names);
    }

    [Fact]
    public async Task The_token_is_shown_once_and_kept_as_a_hash_only()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var (_, token) = await plane.CreateProvider("west", Ct);

        Assert.StartsWith("mpt_", token, StringComparison.Ordinal);
        await using var connection = new Npgsql.NpgsqlConnection(plane.Database);
        await connection.OpenAsync(Ct);
        await using var command = new Npgsql.NpgsqlCommand(
            "select count(*) from mesh.mt_events where data::text like '%' || $1 || '%'",
            connection
        )
        {
            Parameters = { new() { Value = token } },
        };
        Assert.Equal(0L, await command.ExecuteScalarAsync(Ct));
        command.Parameters[0].Value = Coder.Mesh.ControlPlane.Identity.Tokens.Hash(token);
        Assert.Equal(1L, await command.ExecuteScalarAsync(Ct));
    }

    [Fact]
    public async Task A_workspace_s_name_is_taken_until_it_has_ended_and_ends_are_found_by_id()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        var first = await plane.CreateWorkspace("dev", Ct);

        var taken = await Assert.ThrowsAsync<RpcException>(() => plane.CreateWorkspace("dev", Ct));
        await plane.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        await agent.Observe(first.Id, 2, WorkspaceState.Deleted, Ct);
        await UntilState(plane, first.Id, WorkspaceState.Deleted);
        var second = await plane.CreateWorkspace("dev", Ct);

        Assert.Equal(ErrorReasons.WorkspaceExists, Reason(taken));
        Assert.NotEqual(first.Id, second.Id);
        Assert.Equal(second.Id, (await plane.Workspace("dev", Ct)).Id);
    }

    private static async Task<ListProvidersResponse> List(TestControlPlane plane) =>
        await plane.Providers.ListProvidersAsync(new ListProvidersRequest(), plane.Admin, cancellationToken: Ct);

    private static async Task Delete(TestControlPlane plane, string provider) =>
        await plane.Providers.DeleteProviderAsync(
            new DeleteProviderRequest { Provider = provider },
            plane.Admin,
            cancellationToken: Ct
        );
}
