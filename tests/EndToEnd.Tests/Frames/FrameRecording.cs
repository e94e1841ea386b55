using Coder.Mesh.Agent.V1;
using Coder.Mesh.EndToEnd.Tests.Harness;
using Coder.Mesh.Tests.Support.Frames;
using Coder.Mesh.V1;

namespace Coder.Mesh.EndToEnd.Tests.Frames;

/// <summary>
/// Records what the published agent and control plane say to each other, for the replays that later versions run. Explicit:
/// it is run once for each release, by <c>./build.sh record</c>, with the release's version in <c>MESH_RECORD_VERSION</c>.
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

    private static async Task Record(string name, Func<TestMesh, RecordingProxy, Task> scenario)
    {
        Assert.SkipWhen(Version is null, "MESH_RECORD_VERSION names no version, such as v0.1.0.");
        await using var mesh = await TestMesh.Start(Ct);
        await using var proxy = await RecordingProxy.Start(mesh.Address, Ct);
        mesh.AgentAddress = proxy.Address;
        mesh.StartSimulatedAgent();
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
        await File.WriteAllLinesAsync(RecordedStep.PathOf(Path.Combine(Version!, $"{name}.jsonl")), lines, Ct);
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
        var id = await Call(mesh, call.Split(' ')[0], name);
        await Eventually.Is(
            async () =>
                (await mesh.Workspaces.GetWorkspaceAsync(new() { Workspace = id }, cancellationToken: Ct)).Workspace,
            w => w.State == outcome && w.ObservedGeneration == w.Generation,
            $"{name} is {outcome}",
            Ct
        );
        proxy.Add(new RecordedStep.See($"{name} {outcome}"));
    }

    private static async Task<string> Call(TestMesh mesh, string call, string name)
    {
        var spec = new WorkspaceSpec
        {
            Image = "ubuntu:24.04",
            Cpu = "1",
            Memory = "1Gi",
            Disk = "1Gi",
        };
        return call switch
        {
            "create" => (
                await mesh.Workspaces.CreateWorkspaceAsync(new() { Name = name, Spec = spec }, cancellationToken: Ct)
            )
                .Workspace
                .Id,
            "stop" => (await mesh.Workspaces.StopWorkspaceAsync(new() { Workspace = name }, cancellationToken: Ct))
                .Workspace
                .Id,
            "start" => (await mesh.Workspaces.StartWorkspaceAsync(new() { Workspace = name }, cancellationToken: Ct))
                .Workspace
                .Id,
            "delete" => (await mesh.Workspaces.DeleteWorkspaceAsync(new() { Workspace = name }, cancellationToken: Ct))
                .Workspace
                .Id,
            _ => throw new ArgumentOutOfRangeException(nameof(call), call, "no call"),
        };
    }
}
