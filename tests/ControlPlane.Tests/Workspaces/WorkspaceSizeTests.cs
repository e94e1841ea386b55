using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Orphans;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using WorkspaceSpec = Coder.Mesh.V1.WorkspaceSpec;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>Nonsense sizes are refused wherever a size can be given.</summary>
public sealed class WorkspaceSizeTests(PostgresFixture postgres) : OrphanTestBase(postgres)
{
    private const string Rule =
        "spec.memory: must be a Kubernetes quantity from 16Mi to 64Ti, such as 512Mi or 4Gi; did you mean 500Mi or 500M?";

    [Theory]
    [InlineData("create")]
    [InlineData("create, as JSON")]
    [InlineData("update")]
    [InlineData("adopt")]
    [InlineData("adopt what the objects say")]
    public async Task Half_a_byte_is_refused_wherever_it_is_given_and_nothing_is_written(string where)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await AttachBuiltIn(plane);
        var (id, tiny) = (NewId(), TestControlPlane.Spec());
        tiny.Memory = "500m";
        var held = Held(agent, id, 1, "held");
        if (where.EndsWith("say", StringComparison.Ordinal))
            held.Held.Spec = tiny;
        await Exchange(agent, held);
        var before = await plane.CreateWorkspace("dev", Ct);

        var refused =
            where == "create, as JSON"
                ? await AsJson(plane, new CreateWorkspaceRequest { Name = "web", Spec = tiny })
                : (await Assert.ThrowsAsync<RpcException>(() => Try(plane, where, id, tiny))).Status.Detail;

        Assert.Contains(Rule, refused, StringComparison.Ordinal);
        var all = await plane.Workspaces.ListWorkspacesAsync(new(), plane.Admin, cancellationToken: Ct);
        Assert.Equal(before, Assert.Single(all.Workspaces));
    }

    [Fact]
    public void A_size_that_0_1_0_let_in_stays_until_it_is_changed()
    {
        var at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var spec = new Coder.Mesh.ControlPlane.Workspaces.WorkspaceSpec("image", "1", "500m", "1", []);
        var old = ControlPlane.Workspaces.Workspace.Fold(
            null,
            "workspace-w",
            new WorkspaceCreated("w", "o", "me", "dev", "p", spec, "", "", at)
        );

        var image = WorkspaceDecider.Decide(old, Update(s => s with { Image = "other" }));
        var memory = WorkspaceDecider.Decide(old, Update(s => s with { Memory = "600m" }));
        var disk = WorkspaceDecider.Decide(old, Update(s => s with { Disk = "1Gi" }));

        Assert.Equal("other", Assert.IsType<WorkspaceSpecChanged>(Assert.Single(image.Events)).Spec.Image);
        Assert.Equal("spec.memory", Assert.Single(memory.Error!.Fields).Field);
        Assert.Equal("1Gi", Assert.IsType<WorkspaceSpecChanged>(Assert.Single(disk.Events)).Spec.Disk);

        UpdateWorkspace Update(
            Func<
                Coder.Mesh.ControlPlane.Workspaces.WorkspaceSpec,
                Coder.Mesh.ControlPlane.Workspaces.WorkspaceSpec
            > change
        ) => new(change, OwnerEmail: null, Etag: "", Traceparent: "", at);
    }

    private static async Task Try(TestControlPlane plane, string where, string orphan, WorkspaceSpec spec)
    {
        if (where == "create")
        {
            var create = new CreateWorkspaceRequest { Name = "web", Spec = spec };
            await plane.Workspaces.CreateWorkspaceAsync(create, plane.Admin, cancellationToken: Ct);
        }
        else if (where == "update")
        {
            var mask = new FieldMask { Paths = { "spec.memory" } };
            var update = new UpdateWorkspaceRequest
            {
                Workspace = "dev",
                Spec = spec,
                UpdateMask = mask,
            };
            await plane.Workspaces.UpdateWorkspaceAsync(update, plane.Admin, cancellationToken: Ct);
        }
        else
        {
            await Adopt(plane, orphan, r => r.Spec = where == "adopt" ? new() { Memory = spec.Memory } : null);
        }
    }

    private static async Task<string> AsJson(TestControlPlane plane, CreateWorkspaceRequest create)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{plane.JsonAddress}/v1/workspaces");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", plane.AdminToken);
        var body = JsonFormatter.Default.Format(create);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        return (string)System.Text.Json.Nodes.JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["message"]!;
    }
}
