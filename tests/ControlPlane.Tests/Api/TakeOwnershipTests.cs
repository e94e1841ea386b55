using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>From the call to the agent: it is to take over what other field managers hold.</summary>
public sealed class TakeOwnershipTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task It_is_a_wish_of_its_own_that_reaches_the_agent_and_is_in_the_story()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await agent.Snapshot(Ct);
        await plane.CreateWorkspace("dev", Ct);
        var created = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;

        var answer = await plane.Workspaces.UpdateWorkspaceAsync(
            new UpdateWorkspaceRequest { Workspace = "dev", TakeOwnership = true },
            plane.Admin,
            cancellationToken: Ct
        );

        var desired = (await agent.Next(Frame.WorkspaceDesired, Ct)).WorkspaceDesired;
        Assert.Equal(
            (0ul, 2ul, 2ul),
            (created.TakeOwnershipGeneration, desired.TakeOwnershipGeneration, desired.Generation)
        );
        Assert.Equal((created.Spec, false), (desired.Spec, answer.Unchanged));
        var story = await plane.Workspaces.ListTimelineAsync(
            new ListTimelineRequest { Workspace = "dev" },
            plane.Admin,
            cancellationToken: Ct
        );
        Assert.Contains(story.Items, i => i.Entry.Message == "fields that other field managers hold are taken over");
    }

    [Fact]
    public async Task Without_it_a_mask_is_required_and_a_mask_beside_it_is_checked_as_ever()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        foreach (
            var request in new[]
            {
                new UpdateWorkspaceRequest { Workspace = "dev", UpdateMask = new FieldMask() },
                new UpdateWorkspaceRequest
                {
                    Workspace = "dev",
                    TakeOwnership = true,
                    UpdateMask = FieldMask.FromString("spec.colour"),
                },
                new UpdateWorkspaceRequest
                {
                    Workspace = "dev",
                    TakeOwnership = true,
                    UpdateMask = FieldMask.FromString("spec.cpu"),
                },
            }
        )
        {
            var refused = await Assert.ThrowsAsync<RpcException>(async () =>
                await plane.Workspaces.UpdateWorkspaceAsync(request, plane.Admin, cancellationToken: Ct)
            );
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        }
    }
}
