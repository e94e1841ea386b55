using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>A provider's details in its workspaces, and whose workspaces they are.</summary>
public sealed class WorkspaceDetailsTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Role = "eks.amazonaws.com/role-arn";

    [Fact]
    public async Task A_workspace_keeps_the_details_that_it_was_started_with_until_its_next_start()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await Change(
            plane,
            Details("one"),
            "details.tolerations",
            "details.node_selector",
            "details.affinity",
            "details.image_pull_secrets"
        );
        await plane.CreateWorkspace("dev", Ct);
        var created = await Desired(agent);

        await Change(plane, Details("two"), "details.node_selector", "details.image_pull_secrets");
        await Update(plane, new UpdateWorkspaceRequest { Spec = new WorkspaceSpec { Cpu = "4" } }, "spec.cpu");
        var changed = await Desired(agent);
        await plane.Workspaces.StopWorkspaceAsync(
            new StopWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        var stopped = await Desired(agent);
        await Start(plane);
        var started = await Desired(agent);

        var expected = new WorkspaceDetails
        {
            Tolerations = { Details("one").Tolerations },
            NodeSelector = { Details("one").NodeSelector },
            Affinity = "{}",
            ImagePullSecrets = { "one-registry", "shared" },
        };
        Assert.Equal([expected, expected, expected], [created.Details, changed.Details, stopped.Details]);
        Assert.Equal("two", started.Details.NodeSelector["pool"]);
        Assert.Equal(["two-registry", "shared"], started.Details.ImagePullSecrets);
        Assert.Equal(started.Details, (await plane.Workspace("dev", Ct)).Details);
    }

    [Fact]
    public async Task A_restart_is_a_start_and_a_storage_class_is_for_new_workspaces_only()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await plane.CreateWorkspace("dev", Ct);
        var created = await Desired(agent);

        var details = Details("two");
        details.StorageClass = "fast";
        await Change(plane, details, "details.node_selector", "details.storage_class");
        await plane.Workspaces.RestartWorkspaceAsync(
            new RestartWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        var restarted = await Desired(agent);

        Assert.Equal(new WorkspaceDetails(), created.Details);
        Assert.Equal(("two", ""), (restarted.Details.NodeSelector["pool"], restarted.StorageClass));
    }

    [Fact]
    public async Task The_owners_address_is_put_into_annotations_as_it_is()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await Template(plane, "<{{ .UserEmail }}> {{.UserEmail}}");

        // Characters that a template engine, or a regular expression's replacement, would take for its own.
        var answer = await Create(plane, "ann", "$0{{ann}}@example.com");

        Assert.Equal(
            "<$0{{ann}}@example.com> $0{{ann}}@example.com",
            (await Desired(agent)).Details.ServiceAccountAnnotations[Role]
        );
        Assert.Equal(("ann", "$0{{ann}}@example.com"), (answer.Owner, answer.OwnerEmail));
    }

    [Fact]
    public async Task Without_the_owners_address_nothing_is_started_that_needs_it_and_it_can_be_given_later()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await plane.CreateWorkspace("dev", Ct);
        await Template(plane, "{{ .UserEmail }}");

        var create = await Assert.ThrowsAsync<RpcException>(() => Create(plane, "", ""));
        var restart = await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Workspaces.RestartWorkspaceAsync(
                new RestartWorkspaceRequest { Workspace = "dev" },
                plane.Admin,
                cancellationToken: Ct
            )
        );
        await plane.Workspaces.StopWorkspaceAsync(
            new StopWorkspaceRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        var start = await Assert.ThrowsAsync<RpcException>(() => Start(plane));
        await Update(plane, new UpdateWorkspaceRequest { OwnerEmail = "jo@example.com" }, "owner_email");
        var started = await Start(plane);

        Assert.All(
            [create, restart, start],
            refused =>
            {
                Assert.Equal(
                    (StatusCode.FailedPrecondition, ErrorReasons.OwnerEmailUnknown),
                    (refused.StatusCode, Reason(refused))
                );
                Assert.Contains(Role, refused.Status.Detail, StringComparison.Ordinal);
            }
        );
        Assert.Equal("jo@example.com", started.Details.ServiceAccountAnnotations[Role]);
        var all = await plane.Workspaces.ListWorkspacesAsync(new(), plane.Admin, cancellationToken: Ct);
        Assert.Single(all.Workspaces);
    }

    [Fact]
    public async Task Names_are_each_owners_own()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await plane.CreateWorkspace("web", Ct);

        await Create(plane, "ann", "");
        var again = await Assert.ThrowsAsync<RpcException>(() => Create(plane, "ann", ""));

        Assert.Equal(ErrorReasons.WorkspaceExists, Reason(again));
        Assert.Contains("ann already has a workspace named \"web\"", again.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" ann", "", "owner: must not begin or end with white space")]
    [InlineData("a\u0007", "", "owner: must not contain control or formatting characters")]
    [InlineData("", "ann", "owner_email: must be an e-mail address")]
    [InlineData("", "Ann <ann@example.com>", "owner_email: must be an e-mail address")]
    [InlineData("", "ann@example.com\n", "owner_email: must be an e-mail address")]
    public async Task A_bad_owner_or_address_is_refused_by_field_and_rule(string owner, string email, string rule)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var refused = await Assert.ThrowsAsync<RpcException>(() => Create(plane, owner, email));

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains(rule, refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_details_again_are_no_change()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await Change(plane, Details("one"), "details");

        var after = await Change(plane, Details("one"), "details");

        Assert.Equal((Details("one"), before.Etag), (after.Details, after.Etag));
    }

    private static ProviderDetails Details(string pool) =>
        new()
        {
            Tolerations =
            {
                new Toleration
                {
                    Key = "gpu",
                    Operator = "Exists",
                    Effect = "NoExecute",
                    TolerationSeconds = 0,
                },
            },
            NodeSelector = { ["pool"] = pool },
            Affinity = "{}",
            ImagePullSecrets = { $"{pool}-registry", "shared" },
        };

    private static async Task<TestAgent> Attached(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        return agent;
    }

    private static async Task<WorkspaceDesired> Desired(TestAgent agent) =>
        (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

    private static async Task<Provider> Change(TestControlPlane plane, ProviderDetails details, params string[] paths)
    {
        var request = new UpdateProviderRequest
        {
            Provider = "built-in",
            Details = details,
            UpdateMask = new FieldMask { Paths = { paths } },
        };
        return (await plane.Providers.UpdateProviderAsync(request, plane.Admin, cancellationToken: Ct)).Provider;
    }

    private static Task<Provider> Template(TestControlPlane plane, string value) =>
        Change(
            plane,
            new ProviderDetails { ServiceAccountAnnotations = { [Role] = value } },
            "details.service_account_annotations"
        );

    private static async Task<Workspace> Create(TestControlPlane plane, string owner, string email)
    {
        var request = new CreateWorkspaceRequest
        {
            Name = "web",
            Owner = owner,
            OwnerEmail = email,
            Spec = new WorkspaceSpec
            {
                Image = "i",
                Cpu = "1",
                Memory = "1Gi",
                Disk = "1Gi",
            },
        };
        return (await plane.Workspaces.CreateWorkspaceAsync(request, plane.Admin, cancellationToken: Ct)).Workspace;
    }

    private static async Task<Workspace> Start(TestControlPlane plane) =>
        (
            await plane.Workspaces.StartWorkspaceAsync(
                new StartWorkspaceRequest { Workspace = "dev" },
                plane.Admin,
                cancellationToken: Ct
            )
        ).Workspace;

    private static async Task Update(TestControlPlane plane, UpdateWorkspaceRequest request, params string[] paths)
    {
        request.Workspace = "dev";
        request.UpdateMask = new FieldMask { Paths = { paths } };
        await plane.Workspaces.UpdateWorkspaceAsync(request, plane.Admin, cancellationToken: Ct);
    }
}
