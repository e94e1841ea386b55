using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Tests.AccessLog;

/// <summary>What the control plane writes while everything goes as it should.</summary>
public sealed class OrdinaryWorkLogTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int Workspaces = 40;

    [Fact]
    public async Task Workspaces_that_are_created_stopped_and_deleted_write_no_line()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (id, token) = await plane.BuiltIn(Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct);
        await UntilStatus(plane, id, ProviderStatus.Ready);
        var obeying = Obey(agent);
        var before = plane.LogRecords.Count;

        await Parallel.ForEachAsync(Enumerable.Range(0, Workspaces), Ct, async (i, ct) => await Live(plane, $"w-{i}"));

        Assert.Empty(plane.LogRecords.Skip(before).Select(l => l.Message));
        agent.Dispose();
        await obeying;
    }

    /// <summary>Without waiting for anything, so that what the agent sees meets what is asked for.</summary>
    private static async Task Live(TestControlPlane plane, string name)
    {
        var workspace = await plane.CreateWorkspace(name, Ct);
        var id = workspace.Id;
        await plane.Workspaces.StopWorkspaceAsync(new() { Workspace = id }, plane.Admin, cancellationToken: Ct);
        await plane.Workspaces.DeleteWorkspaceAsync(new() { Workspace = id }, plane.Admin, cancellationToken: Ct);
        await UntilState(plane, id, WorkspaceState.Deleted);
    }

    /// <summary>An agent whose cluster does at once what it is asked to, with a step between.</summary>
    private static async Task Obey(TestAgent agent)
    {
        try
        {
            while (true)
            {
                var frame = await agent.Next(Ct);
                if (frame.WorkspaceDesired is { } desired)
                {
                    var running = desired.Power == WorkspacePower.Running;
                    var step = running ? WorkspaceState.Starting : WorkspaceState.Stopping;
                    await agent.Observe(desired.WorkspaceId, desired.Generation, step, Ct);
                    var end = running ? WorkspaceState.Running : WorkspaceState.Stopped;
                    await agent.Observe(desired.WorkspaceId, desired.Generation, end, Ct);
                }
                else if (frame.WorkspaceRemoved is { } removed)
                    await agent.Observe(removed.WorkspaceId, removed.Generation, WorkspaceState.Deleted, Ct);
            }
        }
        catch (Exception e) when (e is Grpc.Core.RpcException or InvalidOperationException or ObjectDisposedException)
        {
            // Disposed of: the end.
        }
    }
}
