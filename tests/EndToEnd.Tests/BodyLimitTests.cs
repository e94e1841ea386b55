using System.Net;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Network;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests;

/// <summary>A proxy that lets so many bytes of a request through and no more, as many do by default.</summary>
public sealed class BodyLimitTests
{
    private const int Limit = 32 * 1024;
    private const int Workspaces = 40;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_snapshot_that_no_proxy_lets_through_is_Error_with_the_cause_stores_no_more_and_is_mended_with_the_proxy()
    {
        await using var mesh = await TestMesh.Start(Ct);
        await using var proxy = FaultProxy.Start(IPEndPoint.Parse(new Uri(mesh.Address).Authority));
        mesh.AgentAddress = proxy.Address;
        mesh.StartSimulatedAgent();
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready", Ct);
        await Task.WhenAll(Enumerable.Range(0, Workspaces).Select(i => Create(mesh, $"dev-{i}")));
        await Eventually.Is(
            () => mesh.ListWorkspaces(Ct),
            all => all.All(w => w.State == WorkspaceState.Running),
            "all run",
            Ct
        );

        proxy.Set(Direction.ToUpstream, Fault.ResetAfter(Limit));
        proxy.Reset();
        var error = await mesh.UntilProvider(
            p => p.Status == ProviderStatus.Error && !p.Agent.Attached,
            "the provider is in Error",
            Ct
        );
        var events = await Events(mesh);
        for (var tries = 0; tries < 4; tries++)
        {
            var cut = await proxy.Next().WaitAsync(TimeSpan.FromSeconds(60), Ct);
            await cut.Ended.WaitAsync(TimeSpan.FromSeconds(60), Ct);
        }

        var (later, stored) = (await mesh.Provider(Ct), await Events(mesh));
        var refused = await mesh.CliRefused(5, Ct, "workspaces", "create", "more", "--image", "registry.example/dev:1");
        proxy.Set(Direction.ToUpstream, Fault.None);
        await mesh.UntilProvider(TestMesh.IsReady, "the provider is Ready again", Ct);

        Assert.Equal("snapshot_incomplete", error.StatusCode);
        Assert.Contains("proxy that limits the size", error.StatusMessage, StringComparison.Ordinal);
        Assert.Equal((events, error.Agent.Epoch), (stored, later.Agent.Epoch));
        Assert.Contains("snapshot_incomplete", refused, StringComparison.Ordinal);
        Assert.All(await mesh.ListWorkspaces(Ct), w => Assert.Equal(WorkspaceState.Running, w.State));
    }

    private static async Task<int> Events(TestMesh mesh)
    {
        var count = 0;
        foreach (var kind in new[] { "agent_connected", "agent_disconnected", "conditions_reported", "status_changed" })
            count += (await mesh.Store.Events($"presence.{kind}.v1", Ct)).Count;
        return count;
    }

    private static async Task Create(TestMesh mesh, string name) =>
        await mesh.Workspaces.CreateWorkspaceAsync(
            new CreateWorkspaceRequest
            {
                Name = name,
                Spec = new WorkspaceSpec
                {
                    Image = "registry.example/dev:1",
                    Cpu = "500m",
                    Memory = "1Gi",
                    Disk = "10Gi",
                    Command = { "sh", "-c", new string('x', 1_000), new string('x', 1_000) },
                },
            },
            deadline: TestMesh.Deadline,
            cancellationToken: Ct
        );
}
