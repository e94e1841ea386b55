using Coder.Mesh.ControlPlane.Tests.Api.Calls;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Rules;
using Coder.Mesh.ControlPlane.Tests.Watches;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using static Coder.Mesh.V1.WorkspaceState;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>Lists and watches of workspaces with each filter absent and with each of its values.</summary>
public sealed class WorkspaceListTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private static readonly WorkspaceState[][] StateFilters =
    [
        [],
        [Running],
        [Running, Failed],
        [Deleted],
        [Lost, Deleted],
        [Stopped, Deleted],
    ];

    [Fact]
    public async Task Each_combination_of_filters_lists_what_it_says_page_by_page()
    {
        await using var mesh = await Filled();
        var all = (await List(mesh.Plane, new() { IncludeEnded = true })).ToList();
        // One of each state in each organization, of each owner in turn; and one that was lost with its provider.
        Assert.Equal(
            "Running Running Stopped Stopped Failed Failed Deleted Deleted Lost",
            string.Join(' ', all.OrderBy(w => w.State).Select(w => w.State))
        );

        foreach (var request in Requests())
        {
            var expected = all.Where(w =>
                (request.Organization.Length == 0 || w.Organization == request.Organization)
                && (request.Provider.Length == 0 || w.Provider == request.Provider)
                && (request.Owner.Length == 0 || w.Owner == request.Owner)
                && (
                    request.States.Count > 0
                        ? request.States.Contains(w.State)
                        : request.IncludeEnded || w.State is not (Deleted or Lost)
                )
            );
            var listed = await List(mesh.Plane, request);

            Assert.Equal($"{request}: {Names(expected)}", $"{request}: {Names(listed)}");
        }
    }

    [Fact]
    public async Task One_state_in_the_field_of_one_is_the_same_as_in_the_field_of_several()
    {
        await using var mesh = await Filled();
        foreach (var state in Enum.GetValues<WorkspaceState>().Where(s => s != Unspecified))
        {
            var one = await List(mesh.Plane, new() { State = state });
            var several = await List(mesh.Plane, new() { States = { state } });

            Assert.Equal(Names(several), Names(one));
            Assert.All(one, w => Assert.Equal(state, w.State));
        }

        Assert.Equal(
            "Deleted Running",
            string.Join(
                ' ',
                (await List(mesh.Plane, new() { State = Running, States = { Deleted } }))
                    .Select(w => w.State.ToString())
                    .Distinct()
                    .Order()
            )
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    public async Task State_that_the_API_does_not_name_is_refused(int state)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var error = await Assert.ThrowsAsync<RpcException>(() =>
            List(plane, new() { States = { (WorkspaceState)state } })
        );

        Assert.Equal((StatusCode.InvalidArgument, "states"), (error.StatusCode, Assert.Single(Fields(error))));
    }

    [Fact]
    public async Task A_watch_holds_what_its_states_say_and_what_has_ended_if_it_is_asked_for()
    {
        await using var mesh = await Rules.Mesh.Start(Postgres, Ct);
        await mesh.BuiltInReady();
        using var ended = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { IncludeEnded = true });
        using var some = await WatchProbe.Workspaces(mesh.Plane, Ct, new() { States = { Running, Deleted } });
        var workspace = await mesh.Place("dev");
        await mesh.Agent("built-in").Observe(workspace.Id, 1, Running, Ct);
        await UntilState(mesh.Plane, workspace.Id, Running);
        await mesh.Finish("built-in", workspace);

        Assert.Equal(
            "Changed Pending, Changed Running, Changed Deleting, Changed Deleted",
            string.Join(", ", await Told(ended, 4))
        );
        Assert.Equal("Changed Running, Removed Deleting, Changed Deleted", string.Join(", ", await Told(some, 3)));
    }

    private static async Task<List<string>> Told(WatchProbe<WatchWorkspacesResponse> watch, int count)
    {
        var told = new List<string>();
        while (told.Count < count)
        {
            var message = await watch.Next(Ct);
            told.Add($"{message.Type} {message.Workspace.State}");
        }
        return told;
    }

    private static IEnumerable<ListWorkspacesRequest> Requests() =>
        from organization in new[] { "", "acme" }
        from provider in new[] { "", "east" }
        from owner in new[] { "", "jo" }
        from states in StateFilters
        from ended in new[] { false, true }
        select new ListWorkspacesRequest
        {
            Organization = organization,
            Provider = provider,
            Owner = owner,
            States = { states },
            IncludeEnded = ended,
            PageSize = 2,
        };

    private async Task<Rules.Mesh> Filled()
    {
        var mesh = await Rules.Mesh.Start(Postgres, Ct, "east", "west", "burnt");
        foreach (var organization in new[] { "default", "acme" })
        {
            if (organization == "acme")
                await mesh.Organization(organization);
            foreach (var provider in new[] { "east", "west", "burnt" })
                await mesh.Allow(organization, provider);
        }
        WorkspaceState[] states = [Running, Stopped, Failed, Deleted];
        for (var i = 0; i < 2 * states.Length; i++)
        {
            var provider = i % 3 == 0 ? "east" : "west";
            var workspace = await Place(mesh, i % 2 == 0 ? "default" : "acme", provider, i % 4 < 2 ? "jo" : "admin", i);
            if (states[i / 2] == Deleted)
                await mesh.Finish(provider, workspace);
            else
                await mesh.Agent(provider).Observe(workspace.Id, 1, states[i / 2], Ct);
            await UntilState(mesh.Plane, workspace.Id, states[i / 2]);
        }
        await Place(mesh, "acme", "burnt", "jo", 8);
        await mesh.Forget("burnt", force: true);
        return mesh;
    }

    private static async Task<Workspace> Place(
        Rules.Mesh mesh,
        string organization,
        string provider,
        string owner,
        int number
    ) =>
        (
            await mesh.Plane.Workspaces.CreateWorkspaceAsync(
                new()
                {
                    Name = $"w{number}",
                    Organization = organization,
                    Provider = provider,
                    Owner = owner,
                    Spec = TestControlPlane.Spec(),
                },
                mesh.Plane.Admin,
                cancellationToken: Ct
            )
        ).Workspace;

    private static async Task<IReadOnlyList<Workspace>> List(TestControlPlane plane, ListWorkspacesRequest request)
    {
        var all = new List<Workspace>();
        var page = request.Clone();
        do
        {
            var answer = await plane.Workspaces.ListWorkspacesAsync(page, plane.Admin, cancellationToken: Ct);
            Assert.True(request.PageSize == 0 || answer.Workspaces.Count <= request.PageSize);
            all.AddRange(answer.Workspaces);
            page.PageToken = answer.NextPageToken;
        } while (page.PageToken.Length > 0);
        return all;
    }

    private static string Names(IEnumerable<Workspace> workspaces) => string.Join(' ', workspaces.Select(w => w.Name));
}
