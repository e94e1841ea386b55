using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>Placements of one organization on one provider that arrive together.</summary>
public sealed class SharedTransactionTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int Count = 12;

    [Fact]
    public async Task Placements_share_transactions_and_each_has_its_own_author_trace_and_request_id()
    {
        await using var mesh = await Start();
        var users = await Users(mesh);

        var placed = await Together(mesh, i => Place(mesh, users[i], $"w-{i}", $"request-{i}"));

        var stored = await Stored(mesh);
        Assert.Equal(
            Enumerable.Range(0, Count).Select(i => (placed[i].Workspace.Id, $"user-{i}", $"request-{i}")).Order(),
            stored.Select(s => (s.Workspace, s.Author, s.RequestId)).Order()
        );
        Assert.Equal(Count, stored.Select(s => s.Trace).Distinct().Count());
        Assert.InRange(stored.Select(s => s.Transaction).Distinct().Count(), 1, Count / 2);
        Assert.Empty(await Invariants.Broken(mesh.Database, Ct));
    }

    [Fact]
    public async Task A_name_that_exists_fails_its_own_placement_alone()
    {
        await using var mesh = await Start();
        await Place(mesh, mesh.Plane.Admin, "w-5", "");

        var reasons = await Together(mesh, i => Try(Place(mesh, mesh.Plane.Admin, $"w-{i}", $"request-{i}")));

        Assert.Equal(Enumerable.Range(0, Count).Select(i => i == 5 ? ErrorReasons.WorkspaceExists : "ok"), reasons);
        Assert.Equal(Count, (await Stored(mesh)).Count);
    }

    [Fact]
    public async Task A_repeated_request_id_among_them_creates_one_workspace()
    {
        await using var mesh = await Start();

        var placed = await Together(mesh, i => Place(mesh, mesh.Plane.Admin, $"w-{i / 2}", $"request-{i / 2}"));

        Assert.Equal(Count / 2, placed.Select(p => p.Workspace.Id).Distinct().Count());
        Assert.Equal(Count / 2, (await Stored(mesh)).Count);
    }

    [Fact]
    public async Task A_repetition_has_its_first_answer_although_the_provider_was_cordoned_since()
    {
        await using var mesh = await Start();
        var first = await Place(mesh, mesh.Plane.Admin, "dev", "request");
        await mesh.Cordon("west");

        var again = await Place(mesh, mesh.Plane.Admin, "dev", "request");
        var other = await Try(Place(mesh, mesh.Plane.Admin, "other", "request"));

        Assert.Equal(first.Workspace.Id, again.Workspace.Id);
        Assert.Equal(ErrorReasons.RequestIdReused, other);
    }

    private async Task<Mesh> Start()
    {
        var mesh = await Mesh.Start(Postgres, Ct, "west");
        await mesh.Organization("science", "west");
        // The first placement resolves the names, which later ones reuse.
        var warm = await Place(mesh, mesh.Plane.Admin, "warm", "");
        await mesh.Finish("west", warm.Workspace);
        return mesh;
    }

    private async Task<Metadata[]> Users(Mesh mesh)
    {
        var tokens = mesh.Plane.Services.GetRequiredService<ApiTokens>();
        var issued = await Task.WhenAll(Enumerable.Range(0, Count).Select(i => tokens.Issue($"user-{i}", Ct)));
        return [.. issued.Select(t => new Metadata { { "authorization", $"Bearer {t}" } })];
    }

    /// <summary>The first waits for the lock of the organization, and so do the others.</summary>
    private async Task<T[]> Together<T>(Mesh mesh, Func<int, Task<T>> place)
    {
        List<Task<T>> placing;
        await using (var held = await HeldLock.Organization(mesh.Database, await mesh.OrganizationId("science"), Ct))
        {
            placing = [place(0)];
            await held.Until(1, Ct);
            placing.AddRange(Enumerable.Range(1, Count - 1).Select(place));
            // Long enough for all of them to arrive. Those that do not would only use transactions of their own.
            await Task.Delay(TimeSpan.FromSeconds(1), Ct);
        }

        return await Task.WhenAll(placing);
    }

    private async Task<CreateWorkspaceResponse> Place(Mesh mesh, Metadata caller, string name, string requestId) =>
        await mesh.Plane.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest
            {
                Name = name,
                Organization = "science",
                Provider = "west",
                Spec = TestControlPlane.Spec(),
                RequestId = requestId,
            },
            caller,
            cancellationToken: Ct
        );

    private static async Task<string> Try(Task<CreateWorkspaceResponse> placing)
    {
        try
        {
            await placing;
            return "ok";
        }
        catch (RpcException e)
        {
            return Reason(e) ?? e.Status.Detail;
        }
    }

    private async Task<
        List<(string Workspace, string Author, string RequestId, string Trace, string Transaction)>
    > Stored(Mesh mesh)
    {
        await using var connection = new NpgsqlConnection(mesh.Database);
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand(
            """
            select substr(e.stream_id, 11), e.user_name, coalesce(e.causation_id, ''), coalesce(e.correlation_id, ''), e.xmin::text
            from mesh.mt_events e join mesh.mt_doc_workspace w on w.id = e.stream_id
            where e.version = 1 and w.data ->> 'Name' <> 'warm'
            """,
            connection
        );
        var stored = new List<(string, string, string, string, string)>();
        await using var rows = await command.ExecuteReaderAsync(Ct);
        while (await rows.ReadAsync(Ct))
            stored.Add((rows.GetString(0), rows.GetString(1), rows.GetString(2), rows.GetString(3), rows.GetString(4)));
        return stored;
    }
}
