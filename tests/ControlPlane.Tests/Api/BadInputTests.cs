using Coder.Mesh.ControlPlane.Tests.Api.Calls;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>Bad input is refused with field and rule, and nothing is written.</summary>
public sealed class BadInputTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    public static TheoryData<string, string> Requests() =>
        new()
        {
            { "provider without a name", "name" },
            { "provider with a bad name", "name" },
            { "provider with an over-long region", "details.region" },
            { "provider page of nonsense", "page_token" },
            { "provider page of negative size", "page_size" },
            { "get provider of no name", "provider" },
            { "delete provider of an over-long name", "provider" },
            { "workspace with a bad name", "name" },
            { "workspace with a bad cpu", "spec.cpu" },
            { "workspace with a bad memory", "spec.memory" },
            { "workspace with a bad disk", "spec.disk" },
            { "workspace with too long a command", "spec.command" },
            { "start of no workspace", "workspace" },
        };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task It_is_INVALID_ARGUMENT_naming_the_field_and_nothing_is_written(string request, string field)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await EventCount(plane);

        var error = await Assert.ThrowsAsync<RpcException>(() => Send(plane, request));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Equal(ErrorReasons.InvalidArgument, Reason(error));
        Assert.Equal([field], Fields(error));
        Assert.Contains(field, error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(before, await EventCount(plane));
    }

    [Theory]
    [InlineData("get provider", ErrorReasons.ProviderNotFound)]
    [InlineData("delete provider", ErrorReasons.ProviderNotFound)]
    [InlineData("workspace in unknown provider", ErrorReasons.ProviderNotFound)]
    [InlineData("workspace in unknown organization", ErrorReasons.OrganizationNotFound)]
    [InlineData("list of unknown provider", ErrorReasons.ProviderNotFound)]
    [InlineData("get workspace", ErrorReasons.WorkspaceNotFound)]
    [InlineData("stop workspace", ErrorReasons.WorkspaceNotFound)]
    public async Task What_is_unknown_is_NOT_FOUND_with_a_reason(string request, string reason)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await EventCount(plane);

        var error = await Assert.ThrowsAsync<RpcException>(() => Send(plane, request));

        Assert.Equal((StatusCode.NotFound, reason), (error.StatusCode, Reason(error)));
        Assert.Contains("nobody", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(before, await EventCount(plane));
    }

    /// <summary>What many clients take of headers, without which they see another error.</summary>
    [Fact]
    public async Task However_many_rules_are_broken_the_answer_has_headers_of_less_than_8_KiB()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var create = Create("workspace with a bad name");
        for (var i = 0; i < 100; i++)
            create.Spec.Env.Add($"{i} is no name {new string('€', 60)}", new string('x', 5_000));

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Workspaces.CreateWorkspaceAsync(create, plane.Admin, cancellationToken: Ct)
        );

        var trailers = error.Trailers.Sum(t =>
            t.Key.Length + (t.IsBinary ? t.ValueBytes.Length * 4 / 3 : t.Value.Length)
        );
        Assert.Equal(ErrorReasons.InvalidArgument, Reason(error));
        Assert.Contains("spec.env", Fields(error));
        Assert.InRange(trailers + Uri.EscapeDataString(error.Status.Detail).Length, 1, 8 * 1024);
    }

    private static async Task Send(TestControlPlane plane, string request)
    {
        var providers = plane.Providers;
        var workspaces = plane.Workspaces;
        var headers = plane.Admin;
        switch (request)
        {
            case "provider without a name":
                await providers.CreateProviderAsync(new CreateProviderRequest(), headers, cancellationToken: Ct);
                break;
            case "provider with a bad name":
                await providers.CreateProviderAsync(
                    new CreateProviderRequest { Name = "Bad_Name" },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "provider with an over-long region":
                var details = new ProviderDetails { Region = new string('r', 64) };
                await providers.CreateProviderAsync(
                    new CreateProviderRequest { Name = "west", Details = details },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "provider page of nonsense":
                await providers.ListProvidersAsync(
                    new ListProvidersRequest { PageToken = "%" },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "provider page of negative size":
                await providers.ListProvidersAsync(
                    new ListProvidersRequest { PageSize = -1 },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "get provider of no name":
                await providers.GetProviderAsync(new GetProviderRequest(), headers, cancellationToken: Ct);
                break;
            case "get provider":
                await providers.GetProviderAsync(
                    new GetProviderRequest { Provider = "nobody" },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "delete provider":
                await providers.DeleteProviderAsync(
                    new DeleteProviderRequest { Provider = "nobody" },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "delete provider of an over-long name":
                await providers.DeleteProviderAsync(
                    new DeleteProviderRequest { Provider = new string('p', 254) },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "start of no workspace":
                await workspaces.StartWorkspaceAsync(new StartWorkspaceRequest(), headers, cancellationToken: Ct);
                break;
            case "get workspace":
                await workspaces.GetWorkspaceAsync(
                    new GetWorkspaceRequest { Workspace = "nobody" },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "stop workspace":
                await workspaces.StopWorkspaceAsync(
                    new StopWorkspaceRequest { Workspace = "nobody" },
                    headers,
                    cancellationToken: Ct
                );
                break;
            case "list of unknown provider":
                await workspaces.ListWorkspacesAsync(
                    new ListWorkspacesRequest { Provider = "nobody" },
                    headers,
                    cancellationToken: Ct
                );
                break;
            default:
                await workspaces.CreateWorkspaceAsync(Create(request), headers, cancellationToken: Ct);
                break;
        }
    }

    private static CreateWorkspaceRequest Create(string request)
    {
        var create = new CreateWorkspaceRequest { Name = "dev", Spec = TestControlPlane.Spec() };
        switch (request)
        {
            case "workspace with a bad name":
                create.Name = "dev!";
                break;
            case "workspace with a bad cpu":
                create.Spec.Cpu = "lots";
                break;
            case "workspace with a bad memory":
                create.Spec.Memory = "-1Gi";
                break;
            case "workspace with a bad disk":
                create.Spec.Disk = "0";
                break;
            case "workspace with too long a command":
                create.Spec.Command.AddRange(Enumerable.Repeat("a", 65));
                break;
            case "workspace in unknown provider":
                create.Provider = "nobody";
                break;
            case "workspace in unknown organization":
                create.Organization = "nobody";
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(request), request, "no such request");
        }

        return create;
    }

    private static async Task<long> EventCount(TestControlPlane plane)
    {
        await using var command = plane
            .Services.GetRequiredService<NpgsqlDataSource>()
            .CreateCommand("select count(*) from mesh.mt_events");
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
