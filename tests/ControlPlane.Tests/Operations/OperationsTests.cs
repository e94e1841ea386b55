using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using ChangeType = Coder.Mesh.V1.ChangeType;

namespace Coder.Mesh.ControlPlane.Tests.Operations;

/// <summary>
/// Code in the same process, such as a page, calls the operations that gRPC calls: with the same validation, request
/// ids and etags, and with errors as values.
/// </summary>
public sealed class OperationsTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private static readonly Caller Page = new(TokenKind.Api, "admin", "page");

    [Fact]
    public async Task Bad_input_names_each_field_and_nothing_is_written()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await Events(plane);

        var created = await Get<ProviderTokenOperations>(plane)
            .Create(new CreateProviderRequest { Name = "Not A Label", RequestId = new string('x', 200) }, Page, Ct);
        var stopped = await Get<DesiredStateOperations>(plane)
            .Stop(new StopWorkspaceRequest { Workspace = "", Etag = "none" }, Page, Ct);

        Assert.Equal(["name", "request_id"], created.Error!.Fields.Select(f => f.Field));
        Assert.Equal(["workspace", "etag"], stopped.Error!.Fields.Select(f => f.Field));
        Assert.Equal(before, await Events(plane));
    }

    [Fact]
    public async Task A_request_id_is_the_same_one_in_this_process_and_by_gRPC()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var request = new CreateOrganizationRequest { Name = "acme", RequestId = "once" };

        var here = (await Get<OrganizationOperations>(plane).Create(request, Page, Ct)).Value.Organization;
        var there = await plane.Organizations.CreateOrganizationAsync(request, plane.Admin, cancellationToken: Ct);
        var other = await Get<OrganizationOperations>(plane)
            .Create(new CreateOrganizationRequest { Name = "emca", RequestId = "once" }, Page, Ct);

        Assert.Equal(here, there.Organization);
        Assert.Equal(ErrorReasons.RequestIdReused, other.Error!.Reason);
    }

    [Fact]
    public async Task An_old_etag_is_refused_as_a_value()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (id, _) = await plane.CreateProvider("west", Ct);
        var operations = Get<ProviderOperations>(plane);
        var read = (await operations.Get(new GetProviderRequest { Provider = id }, Ct)).Value.Provider;
        await operations.Cordon(new CordonProviderRequest { Provider = id, Reason = "repairs" }, Page, Ct);

        var late = await operations.Uncordon(new UncordonProviderRequest { Provider = id, Etag = read.Etag }, Page, Ct);

        Assert.Equal((ErrorKind.Aborted, ErrorReasons.EtagMismatch), (late.Error!.Kind, late.Error.Reason));
    }

    [Fact]
    public async Task A_subscription_reports_what_is_changed_by_gRPC_until_it_is_cancelled()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var watched = await Get<ProviderOperations>(plane).Watch(new WatchProvidersRequest { Region = "eu" }, Ct);
        await using var changes = watched.Value.GetAsyncEnumerator(leave.Token);
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal(ChangeType.Progress, changes.Current.Type);

        await plane.CreateProvider("elsewhere", Ct);
        await plane.Providers.CreateProviderAsync(
            new CreateProviderRequest
            {
                Name = "west",
                Details = new ProviderDetails { Region = "eu" },
            },
            plane.Admin,
            cancellationToken: Ct
        );

        Assert.True(await changes.MoveNextAsync());
        Assert.Equal((ChangeType.Changed, "west"), (changes.Current.Type, changes.Current.Provider?.Name));
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await changes.MoveNextAsync());
    }

    [Fact]
    public async Task A_watch_of_what_does_not_exist_is_an_error_as_a_value()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var nobody = await Get<ProviderOperations>(plane).Watch(new WatchProvidersRequest { Provider = "nobody" }, Ct);
        var badly = await Get<WorkspaceOperations>(plane)
            .Watch(new WatchWorkspacesRequest { ResumeToken = "?" }, Page, Ct);

        Assert.Equal(ErrorReasons.ProviderNotFound, nobody.Error!.Reason);
        Assert.Equal("resume_token", Assert.Single(badly.Error!.Fields).Field);
    }

    private static T Get<T>(TestControlPlane plane)
        where T : notnull => plane.Services.GetRequiredService<T>();

    private static async Task<long> Events(TestControlPlane plane)
    {
        await using var connection = new NpgsqlConnection(plane.Database);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("select count(*) from mesh.mt_events", connection);
        return (long)(await command.ExecuteScalarAsync(Ct))!;
    }
}
