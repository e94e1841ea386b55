using Coder.Mesh.Agent.V1;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Frames;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests.Frames;

/// <summary>
/// Records what the published agent and control plane say to each other, for the replays that later versions run.
/// Explicit: it is run once for each release, by <c>./build.sh record</c>, with the release's version in
/// <c>MESH_RECORD_VERSION</c>.
/// </summary>
public sealed class FrameRecording
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string? Version => Environment.GetEnvironmentVariable("MESH_RECORD_VERSION");

    [Fact(Explicit = true)]
    public Task Life_of_a_workspace() =>
        Record(
            "life",
            async (mesh, proxy) =>
            {
                await Do(mesh, proxy, "create dev", WorkspaceState.Running);
                await Do(mesh, proxy, "stop dev", WorkspaceState.Stopped);
                await Do(mesh, proxy, "start dev", WorkspaceState.Running);
                await Do(mesh, proxy, "delete dev", WorkspaceState.Deleted);
            }
        );

    [Fact(Explicit = true)]
    public Task Reconnect_with_workspaces() =>
        Record(
            "reconnect",
            async (mesh, proxy) =>
            {
                await Do(mesh, proxy, "create one", WorkspaceState.Running);
                await Do(mesh, proxy, "create two", WorkspaceState.Running);
                await proxy.Cut();
                await Snapshots(proxy, 2);
                await Do(mesh, proxy, "stop two", WorkspaceState.Stopped);
            }
        );

    /// <summary>The namespace lacks a permission for a while; a container fails, and is mended by an update.</summary>
    [Fact(Explicit = true)]
    public Task Trouble() =>
        Record(
            "trouble",
            async (mesh, proxy) =>
            {
                await Status(mesh, proxy, ProviderStatus.Error);
                await Status(mesh, proxy, ProviderStatus.Ready);
                await Do(mesh, proxy, "create broken", WorkspaceState.Failed);
                await Do(mesh, proxy, "update broken", WorkspaceState.Running);
                await Do(mesh, proxy, "restart broken", WorkspaceState.Running);
                await Do(mesh, proxy, "create waits", WorkspaceState.Failed);
                await Do(mesh, proxy, "delete broken", WorkspaceState.Deleted);
                await See(mesh, proxy, "waits", WorkspaceState.Running);
            },
            """
            {
              "capacity": 1,
              "failures": [{ "kind": "image_pull_failed", "name": "broken", "times": 1 }],
              "conditions": [
                { "type": "PermissionsSufficient", "code": "permissions_insufficient", "from": "5s", "until": "10s" }
              ]
            }
            """
        );

    private static async Task Record(string name, Func<TestMesh, RecordingProxy, Task> scenario, string script = "{}")
    {
        Assert.SkipWhen(Version is null, "MESH_RECORD_VERSION names no version, such as v0.1.0.");
        await using var mesh = await TestMesh.Start(Ct);
        await using var proxy = await RecordingProxy.Start(mesh.Address, Ct);
        mesh.AgentAddress = proxy.Address;
        await File.WriteAllTextAsync(RecordedStep.ScriptOf(Recording(name)), script, Ct);
        mesh.StartSimulatedAgent("--simulate", RecordedStep.ScriptOf(Recording(name)), "--pending-timeout", "1s");
        await mesh.UntilProvider(TestMesh.IsReady, "the built-in provider is Ready", Ct);
        await Snapshots(proxy, 1);
        await scenario(mesh, proxy);
        mesh.Agent.Terminate();
        await mesh.Agent.Exit(Ct);
        await Eventually.Is(
            () => Task.FromResult(proxy.Steps.Any(s => s is RecordedStep.Up { Frame.Goodbye: not null })),
            said => said,
            "the agent has said goodbye",
            Ct
        );
        // Heartbeats come when their time comes: they belong to no place.
        var lines = proxy
            .Steps.Where(s =>
                s
                    is not RecordedStep.Up { Frame: { Heartbeat.Readiness: null } }
                        and not RecordedStep.Down { Frame.FrameCase: ConnectResponse.FrameOneofCase.HeartbeatAck }
            )
            .Select(s => s.ToLine());
        await File.WriteAllLinesAsync(RecordedStep.PathOf(Recording(name)), lines, Ct);
    }

    private static string Recording(string name) => Path.Combine(Version!, $"{name}.jsonl");

    private static async Task Status(TestMesh mesh, RecordingProxy proxy, ProviderStatus outcome)
    {
        await mesh.UntilProvider(p => p.Status == outcome, $"the provider is {outcome}", Ct);
        proxy.Add(new RecordedStep.See($"built-in {outcome}"));
    }

    private static Task Snapshots(RecordingProxy proxy, int answered) =>
        Eventually.Is(
            () => Task.FromResult(proxy.Steps.Count(s => s is RecordedStep.Down { Frame.SnapshotComplete: not null })),
            n => n == answered,
            $"{answered} snapshots are answered",
            Ct
        );

    private static async Task Do(TestMesh mesh, RecordingProxy proxy, string call, WorkspaceState outcome)
    {
        proxy.Add(new RecordedStep.Ask(call));
        var name = call.Split(' ')[1];
        var workspace = await RecordedCalls.Make(mesh.Workspaces, null, call, Ct);
        await See(mesh, proxy, name, outcome, workspace.Id);
    }

    private static async Task See(
        TestMesh mesh,
        RecordingProxy proxy,
        string name,
        WorkspaceState outcome,
        string? id = null
    )
    {
        await Eventually.Is(
            async () =>
                (
                    await mesh.Workspaces.GetWorkspaceAsync(new() { Workspace = id ?? name }, cancellationToken: Ct)
                ).Workspace,
            w => w.State == outcome && w.ObservedGeneration == w.Generation,
            $"{name} is {outcome}",
            Ct
        );
        proxy.Add(new RecordedStep.See($"{name} {outcome}"));
    }
}
