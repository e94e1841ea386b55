using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Workspaces;

/// <summary>Update and restart, from the API to the agent.</summary>
public sealed class WorkspaceChangeTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task What_the_mask_names_is_changed_and_sent_and_the_rest_stays()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var before = await plane.CreateWorkspace("dev", Ct);
        await agent.Next(Frame.WorkspaceDesired, Ct);

        var wanted = new WorkspaceSpec
        {
            Image = "not/asked:for",
            Cpu = "4",
            Env = { ["B"] = "2", ["A"] = "$(HOME)" },
            EnvFrom = { "tokens" },
        };
        var after = await Update(plane, wanted, "spec.cpu", "spec.env", "spec.env_from");
        var sent = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

        var expected = before.Spec.Clone();
        expected.Cpu = "4";
        expected.Env.Add(wanted.Env);
        expected.EnvFrom.Add("tokens");
        Assert.Equal((expected, 2ul, before.DesiredState), (after.Spec, after.Generation, after.DesiredState));
        Assert.Equal((expected, 2ul, 0ul), (sent.Spec, sent.Generation, sent.RestartGeneration));
    }

    [Fact]
    public async Task The_same_spec_again_is_no_change()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var before = await plane.CreateWorkspace("dev", Ct);

        var after = await Update(plane, before.Spec, "spec");

        Assert.Equal((before.Etag, 1ul), (after.Etag, after.Generation));
    }

    [Fact]
    public async Task A_disk_grows_and_never_shrinks()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await plane.CreateWorkspace("dev", Ct);
        await Update(plane, new WorkspaceSpec { Disk = "20Gi" }, "spec.disk");

        var shrunk = await Refused(plane, new WorkspaceSpec { Disk = "20479Mi" }, "spec.disk");
        var same = await Update(plane, new WorkspaceSpec { Disk = "20480Mi" }, "spec.disk");

        Assert.Equal(ErrorReasons.InvalidArgument, Reason(shrunk));
        Assert.Contains(
            "spec.disk: must be at least 20Gi, its current size",
            shrunk.Status.Detail,
            StringComparison.Ordinal
        );
        Assert.Equal("20480Mi", same.Spec.Disk);
    }

    [Fact]
    public async Task A_growth_that_the_cluster_has_refused_is_told_and_can_be_taken_back_to_what_there_is()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var created = await plane.CreateWorkspace("dev", Ct);
        var grown = await Update(plane, new WorkspaceSpec { Disk = "20Gi" }, "spec.disk");
        var report = agent.Observation(created.Id, grown.Generation, WorkspaceState.Running);
        (report.Code, report.Message, report.Disk) = ("disk_resize_refused", "The disk still has 5Gi.", "5Gi");
        await agent.Send(new ConnectRequest { WorkspaceObserved = report }, Ct);
        await agent.Next(ConnectResponse.FrameOneofCase.ObservedAck, Ct);

        var told = await plane.Workspace("dev", Ct);
        var shrunk = await Refused(plane, new WorkspaceSpec { Disk = "4Gi" }, "spec.disk");
        var other = await Update(plane, new WorkspaceSpec { Image = "example/image:2" }, "spec.image");
        var back = await Update(plane, new WorkspaceSpec { Disk = "5Gi" }, "spec.disk");

        Assert.Equal((WorkspaceState.Running, "disk_resize_refused"), (told.State, told.StateCode));
        Assert.Contains(
            "spec.disk: must be at least 5Gi, its current size",
            shrunk.Status.Detail,
            StringComparison.Ordinal
        );
        Assert.Equal(("20Gi", "5Gi"), (other.Spec.Disk, back.Spec.Disk));
    }

    [Theory]
    [InlineData("spec.cpu", "spec.cpu: must be a Kubernetes quantity from 10m to 1024, such as 500m or 2")]
    [InlineData("spec.image", "spec.image: is required")]
    [InlineData("spec.name", "update_mask: \"spec.name\" is none of spec, spec.image")]
    [InlineData("spec.env", "spec.env: CODER_WP_NAME is set by Coder.Mesh")]
    [InlineData("spec.env_from", "spec.env_from: \"No Secret\" can't be the name of a Secret")]
    [InlineData(null, "update_mask: is required")]
    public async Task A_bad_change_names_field_and_rule_and_changes_nothing(string? path, string message)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var before = await plane.CreateWorkspace("dev", Ct);
        var bad = new WorkspaceSpec
        {
            Cpu = "-1",
            Env = { ["CODER_WP_NAME"] = "x" },
            EnvFrom = { "No Secret" },
        };

        var refused = await Refused(plane, bad, path is null ? [] : [path]);

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains(message, refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(before.Etag, (await plane.Workspace("dev", Ct)).Etag);
    }

    [Fact]
    public async Task Variables_are_bounded_in_number_and_size_and_have_names_that_Kubernetes_takes()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await plane.CreateWorkspace("dev", Ct);

        var many = new WorkspaceSpec();
        for (var i = 0; i < 101; i++)
            many.Env[$"V{i}"] = "";
        var large = new WorkspaceSpec();
        for (var i = 0; i < 9; i++)
            large.Env[$"V{i}"] = new string('x', 4096);
        var odd = new WorkspaceSpec { Env = { ["1A"] = "", ["B"] = new string('x', 4097) } };
        var broken = new WorkspaceSpec { Env = { ["C"] = "\0" } };

        Assert.Contains("at most 100 variables, has 101", await Detail(many), StringComparison.Ordinal);
        Assert.Contains("at most 32768 characters in all", await Detail(large), StringComparison.Ordinal);
        var told = await Detail(odd);
        Assert.Contains("\"1A\" must be at most 256 letters", told, StringComparison.Ordinal);
        Assert.Contains("B: must be at most 4096", told, StringComparison.Ordinal);
        Assert.Contains("spec.env: must not contain NUL", await Detail(broken), StringComparison.Ordinal);

        async Task<string> Detail(WorkspaceSpec spec) => (await Refused(plane, spec, "spec.env")).Status.Detail;
    }

    [Fact]
    public async Task A_restart_is_a_new_generation_that_the_agent_can_tell_from_others()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await plane.CreateWorkspace("dev", Ct);
        await agent.Next(Frame.WorkspaceDesired, Ct);

        var stop = new StopWorkspaceRequest { Workspace = "dev" };
        await plane.Workspaces.StopWorkspaceAsync(stop, plane.Admin, cancellationToken: Ct);
        await agent.Next(Frame.WorkspaceDesired, Ct);
        var restarted = (await Restart(plane)).Workspace;
        var sent = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        await Update(plane, new WorkspaceSpec { Cpu = "4" }, "spec.cpu");
        var changed = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

        Assert.Equal((WorkspaceDesiredState.Running, 3ul), (restarted.DesiredState, restarted.Generation));
        Assert.Equal((WorkspacePower.Running, 3ul, 3ul), (sent.Power, sent.Generation, sent.RestartGeneration));
        Assert.Equal((4ul, 3ul), (changed.Generation, changed.RestartGeneration));
    }

    [Fact]
    public async Task What_is_being_deleted_is_neither_changed_nor_restarted()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        await plane.CreateWorkspace("dev", Ct);
        var delete = new DeleteWorkspaceRequest { Workspace = "dev" };
        await plane.Workspaces.DeleteWorkspaceAsync(delete, plane.Admin, cancellationToken: Ct);

        var change = await Refused(plane, new WorkspaceSpec { Cpu = "2" }, "spec.cpu");
        var restart = await Assert.ThrowsAsync<RpcException>(() => Restart(plane));

        Assert.Equal(ErrorReasons.WorkspaceDeleting, Reason(change));
        Assert.Equal(ErrorReasons.WorkspaceDeleting, Reason(restart));
    }

    [Fact]
    public async Task An_etag_that_is_out_of_date_changes_nothing()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        using var agent = await Attached(plane);
        var before = await plane.CreateWorkspace("dev", Ct);
        await Update(plane, new WorkspaceSpec { Cpu = "2" }, "spec.cpu");

        var refused = await Refused(plane, new WorkspaceSpec { Cpu = "3" }, ["spec.cpu"], before.Etag);
        var restart = await Assert.ThrowsAsync<RpcException>(() => Restart(plane, before.Etag));

        Assert.Equal(ErrorReasons.EtagMismatch, Reason(refused));
        Assert.Equal(ErrorReasons.EtagMismatch, Reason(restart));
        Assert.Equal("2", (await plane.Workspace("dev", Ct)).Spec.Cpu);
    }

    private static async Task<TestAgent> Attached(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        await agent.Next(Frame.SnapshotComplete, Ct);
        return agent;
    }

    private static async Task<RestartWorkspaceResponse> Restart(TestControlPlane plane, string etag = "") =>
        await plane.Workspaces.RestartWorkspaceAsync(
            new RestartWorkspaceRequest { Workspace = "dev", Etag = etag },
            plane.Admin,
            cancellationToken: Ct
        );

    private static async Task<Workspace> Update(TestControlPlane plane, WorkspaceSpec spec, params string[] paths) =>
        (
            await plane.Workspaces.UpdateWorkspaceAsync(Request(spec, paths), plane.Admin, cancellationToken: Ct)
        ).Workspace;

    private static Task<RpcException> Refused(TestControlPlane plane, WorkspaceSpec spec, params string[] paths) =>
        Refused(plane, spec, paths, "");

    private static Task<RpcException> Refused(TestControlPlane plane, WorkspaceSpec spec, string[] paths, string etag)
    {
        var request = Request(spec, paths);
        request.Etag = etag;
        return Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Workspaces.UpdateWorkspaceAsync(request, plane.Admin, cancellationToken: Ct)
        );
    }

    private static UpdateWorkspaceRequest Request(WorkspaceSpec spec, string[] paths) =>
        new()
        {
            Workspace = "dev",
            Spec = spec,
            UpdateMask = new FieldMask { Paths = { paths } },
        };
}
