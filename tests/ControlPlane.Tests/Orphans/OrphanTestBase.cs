using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Orphans;

public abstract class OrphanTestBase(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    // One cluster for the whole test, however often its agent comes back.
    private readonly string _namespaceUid = Guid.NewGuid().ToString();

    /// <summary>
    /// Its first snapshot is the test's to send; until then its provider is no more Ready than it was.
    /// </summary>
    internal async Task<TestAgent> AttachBuiltIn(TestControlPlane plane)
    {
        var (_, token) = await plane.BuiltIn(Ct);
        return await TestAgent.Greet(plane, token, Ct, h => h.NamespaceUid = _namespaceUid);
    }

    internal static string NewId() => Guid.NewGuid().ToString("n");

    /// <summary>A workspace as an agent reports it in a snapshot, with all that its objects tell.</summary>
    internal static WorkspaceObserved Held(
        TestAgent agent,
        string id,
        ulong generation,
        string name = "dev",
        WorkspaceState state = WorkspaceState.Running
    )
    {
        var report = agent.Observation(id, generation, state);
        report.Held = new HeldWorkspace
        {
            Name = name,
            Spec = TestControlPlane.Spec(),
            StorageClass = "fast",
            Generation = generation,
        };
        report.Held.Spec.Command.AddRange(["sh", "-c", "sleep 1\nsleep 2"]);
        return report;
    }

    /// <summary>Sends a snapshot and reads the whole answer.</summary>
    /// <returns>What the agent was told of workspaces.</returns>
    internal static async Task<IReadOnlyList<ConnectResponse>> Exchange(
        TestAgent agent,
        params WorkspaceObserved[] workspaces
    )
    {
        await agent.Snapshot(Ct, workspaces);
        return await Told(agent);
    }

    internal static async Task<IReadOnlyList<ConnectResponse>> Told(TestAgent agent)
    {
        var told = new List<ConnectResponse>();
        while (true)
        {
            var frame = await agent.Next(Ct);
            if (frame.FrameCase == Frame.SnapshotComplete)
                return told;
            if (frame.FrameCase is Frame.WorkspaceDesired or Frame.WorkspaceRemoved)
                told.Add(frame);
        }
    }

    internal static async Task<ListOrphansResponse> List(TestControlPlane plane, string provider = "built-in") =>
        await plane.Providers.ListOrphansAsync(
            new ListOrphansRequest { Provider = provider },
            plane.Admin,
            cancellationToken: Ct
        );

    internal static async Task<Workspace> Adopt(
        TestControlPlane plane,
        string id,
        Action<AdoptOrphanRequest>? change = null
    )
    {
        var request = new AdoptOrphanRequest { Provider = "built-in", WorkspaceId = id };
        change?.Invoke(request);
        return (await plane.Providers.AdoptOrphanAsync(request, plane.Admin, cancellationToken: Ct)).Workspace;
    }

    internal static async Task<Workspace> Remove(TestControlPlane plane, string id, string requestId = "") =>
        (
            await plane.Providers.RemoveOrphanAsync(
                new RemoveOrphanRequest
                {
                    Provider = "built-in",
                    WorkspaceId = id,
                    RequestId = requestId,
                },
                plane.Admin,
                cancellationToken: Ct
            )
        ).Workspace;
}
