using System.Diagnostics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Api;

/// <summary>One of each resource with a value in every field that it can have.</summary>
internal sealed class SampleResources : IAsyncDisposable
{
    private const string Organization = "acme";
    private const string NamespaceUid = "5f0f0b0e-0000-4000-8000-000000000001";
    private readonly TestAgent _agent;

    private SampleResources(Rules.Mesh mesh, TestAgent agent, IReadOnlyDictionary<string, string> ids) =>
        (Mesh, _agent, Ids) = (mesh, agent, ids);

    public Rules.Mesh Mesh { get; }

    public TestControlPlane Plane => Mesh.Plane;

    /// <summary>By the resource's name.</summary>
    public IReadOnlyDictionary<string, string> Ids { get; }

    /// <summary>Of resources that have a field which the others can't have, because they are still there.</summary>
    public IReadOnlyDictionary<string, string> Gone { get; private init; } = new Dictionary<string, string>();

    /// <summary>A change of each, which a watch tells.</summary>
    public async Task Touch(CancellationToken ct)
    {
        await Mesh.Cordon("rich", "moves to another room");
        await Plane.Workspaces.StopWorkspaceAsync(
            new() { Workspace = Ids["Workspace"] },
            Plane.Admin,
            cancellationToken: ct
        );
        await Plane.Organizations.DisallowProviderAsync(
            new() { Organization = Organization, Provider = "built-in" },
            Plane.Admin,
            cancellationToken: ct
        );
    }

    public static async Task<SampleResources> Make(PostgresFixture postgres, CancellationToken ct)
    {
        // Nothing comes of this agent by itself.
        var mesh = await Rules.Mesh.Start(
            postgres,
            s => s.PostConfigure<AgentStreamOptions>(o => o.HeartbeatInterval = TimeSpan.FromMinutes(5)),
            ct
        );
        await mesh.Plane.Deployment.SetAccessUrlAsync(
            new() { AccessUrl = "https://mesh.example.com" },
            mesh.Plane.Admin,
            cancellationToken: ct
        );
        var gone = await mesh.Create("gone");
        await mesh.Delete("gone");
        var created = await mesh.Create("rich", Details());
        var organization = await mesh.Organization(Organization, "rich");
        await mesh.SetDefault("rich");
        Workspace workspace;
        using (var first = await Attach(mesh.Plane, created.Token, TestAgent.Ready(), ct))
        {
            await first.Snapshot(ct);
            await Until(mesh.Plane, p => p.Status == ProviderStatus.Ready, ct);
            workspace = await Place(mesh.Plane, ct);
            await first.Send(new() { WorkspaceObserved = On("first", first, workspace, WorkspaceState.Running) }, ct);
            await Until(() => mesh.Plane.Workspace(workspace.Id, ct), w => w.State == WorkspaceState.Running, ct);
            await first.Heartbeat(ct, TestAgent.Unreachable());
            await Until(mesh.Plane, p => p.Status == ProviderStatus.Error, ct);
        }
        await Until(mesh.Plane, p => !p.Agent.Attached, ct);
        await BeRefused(mesh.Plane, created.Token, ct);
        await Until(mesh.Plane, p => p.OfferedCluster is not null, ct);
        var agent = await Attach(mesh.Plane, created.Token, Trouble(), ct);
        await agent.Snapshot(ct, Orphan(agent), Failed(agent, workspace));
        await Until(mesh.Plane, p => p is { Status: ProviderStatus.Error, Orphans: 1, Agent.Attached: true }, ct);
        await Until(() => mesh.Plane.Workspace(workspace.Id, ct), w => w.State == WorkspaceState.Failed, ct);
        // Beside the live session, which keeps it as a note.
        await BeRefused(mesh.Plane, created.Token, ct);
        await Until(mesh.Plane, p => p.AgentRefusals.Count > 0, ct);
        await mesh.Cordon("rich");
        return new SampleResources(
            mesh,
            agent,
            new Dictionary<string, string>
            {
                ["Provider"] = created.Provider.Id,
                ["Organization"] = organization.Id,
                ["Workspace"] = workspace.Id,
            }
        )
        {
            Gone = new Dictionary<string, string> { ["Provider"] = gone.Provider.Id },
        };
    }

    private static ProviderDetails Details() =>
        new()
        {
            ClusterAddress = "https://10.0.0.1:6443",
            Hostname = "cluster.example.com",
            Region = "eu-west",
            StorageClass = "fast",
            MaxWorkspaces = 10,
            Tolerations =
            {
                new Toleration
                {
                    Key = "dedicated",
                    Operator = "Equal",
                    Value = "workspaces",
                    Effect = "NoExecute",
                    TolerationSeconds = 30,
                },
            },
            NodeSelector = { ["pool"] = "workspaces" },
            Affinity = "{}",
            ImagePullSecrets = { "registry" },
            ServiceAccountAnnotations = { ["example.com/role"] = "developer" },
        };

    private static Task<TestAgent> Attach(
        TestControlPlane plane,
        string token,
        ReadinessReport readiness,
        CancellationToken ct
    ) =>
        TestAgent.Attach(
            plane,
            token,
            ct,
            hello =>
            {
                hello.AccessUrl = "https://old.example.com";
                hello.NamespaceUid = NamespaceUid;
                hello.Readiness = readiness;
            }
        );

    private static ReadinessReport Trouble()
    {
        var report = TestAgent.Unreachable();
        report.Conditions[0].SinceTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
        return report;
    }

    private static WorkspaceObserved Orphan(TestAgent agent)
    {
        var orphan = agent.Observation(Guid.NewGuid().ToString("n"), 3, WorkspaceState.Running);
        orphan.Held = new() { Name = "unknown", Generation = 3 };
        return orphan;
    }

    /// <summary>On a volume: another one than before has been created anew.</summary>
    private static WorkspaceObserved On(string volume, TestAgent agent, Workspace workspace, WorkspaceState state)
    {
        var report = agent.Observation(workspace.Id, workspace.Generation, state);
        report.Timeline.Add(
            new TimelineEntry
            {
                Id = volume,
                Time = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow),
                Stage = TimelineStage.VolumeBound,
            }
        );
        return report;
    }

    private static WorkspaceObserved Failed(TestAgent agent, Workspace workspace)
    {
        var report = On("second", agent, workspace, WorkspaceState.Failed);
        (report.Code, report.Message) = ("image_pull_failed", "The image does not exist.");
        return report;
    }

    private static async Task<Workspace> Place(TestControlPlane plane, CancellationToken ct)
    {
        var spec = TestControlPlane.Spec();
        spec.Command.Add("sleep");
        spec.Env["LANG"] = "C.UTF-8";
        spec.EnvFrom.Add("credentials");
        var request = new CreateWorkspaceRequest
        {
            Name = "rich",
            Organization = Organization,
            Spec = spec,
            Owner = "jo",
            OwnerEmail = "jo@example.com",
        };
        return (await plane.Workspaces.CreateWorkspaceAsync(request, plane.Admin, cancellationToken: ct)).Workspace;
    }

    // An agent of another cluster: what it is refused for is kept as an offer.
    private static async Task BeRefused(TestControlPlane plane, string token, CancellationToken ct)
    {
        using var other = TestAgent.Open(plane, token);
        await other.Send(new() { Hello = TestAgent.Hello() }, ct);
        Assert.Equal(StatusCode.FailedPrecondition, (await other.End(ct)).StatusCode);
    }

    private static Task Until(TestControlPlane plane, Predicate<Provider> reached, CancellationToken ct) =>
        Until(() => plane.Provider("rich", ct), reached, ct);

    private static async Task Until<T>(Func<Task<T>> read, Predicate<T> reached, CancellationToken ct)
    {
        var begun = Stopwatch.StartNew();
        while (await read() is var now && !reached(now))
        {
            Assert.True(begun.Elapsed < TimeSpan.FromSeconds(60), $"not as expected: {now}");
            await Task.Delay(10, ct);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _agent.Dispose();
        await Mesh.DisposeAsync();
    }
}
