using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Placements;
using Coder.Mesh.Load.Store;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Scale;

/// <summary>
/// One of each kind, made by the product itself through its API and an agent's stream. What the store is filled with
/// are copies of what it has then written: so the rows are the product's own, whatever the version.
/// </summary>
internal sealed class Templates : IAsyncDisposable
{
    public const string Ready = "template-ready";
    public const string Cordoned = "template-cordoned";
    public const string Error = "template-error";
    public const string Pending = "template-pending";
    public const string Organization = "template";

    private static readonly string[] Workspaces =
    [
        TemplateAgent.Running,
        TemplateAgent.Starting,
        TemplateAgent.Pending,
        TemplateAgent.Failed,
        TemplateAgent.Stopped,
        TemplateAgent.Deleting,
        TemplateAgent.Deleted,
    ];

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);

    private readonly List<HeldAgents> _agents = [];

    private Templates() { }

    /// <summary>Ids of providers by name.</summary>
    public Dictionary<string, string> ProviderIds { get; } = [];

    public string OrganizationId { get; private set; } = "";

    /// <summary>Ids of workspaces by name.</summary>
    public Dictionary<string, string> WorkspaceIds { get; } = [];

    /// <summary>The agents stay attached until this is disposed of.</summary>
    public static async Task<Templates> Create(
        ServerUnderTest server,
        GrpcChannel channel,
        Metadata headers,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var templates = new Templates();
        try
        {
            await templates.MakeProviders(server, channel, headers, time, ct);
            await templates.MakeOrganization(channel, headers, ct);
            foreach (var name in Workspaces)
                await templates.MakeWorkspace(channel, headers, name, time, ct);
            return templates;
        }
        catch
        {
            await templates.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
            await agent.DisposeAsync();
    }

    private async Task MakeProviders(
        ServerUnderTest server,
        GrpcChannel channel,
        Metadata headers,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var providers = new ProviderService.ProviderServiceClient(channel);
        var identities = new Dictionary<string, AgentIdentity>();
        foreach (var name in new[] { Ready, Cordoned, Error, Pending })
        {
            var details = new ProviderDetails
            {
                ClusterAddress = "https://10.20.30.40:6443",
                Hostname = "node-1.example.com",
                Region = "region",
                StorageClass = "standard",
            };
            var request = new CreateProviderRequest { Name = name, Details = details };
            var created = await providers.CreateProviderAsync(request, headers, cancellationToken: ct);
            identities[name] = AgentIdentity.OfToken(created.Token);
            ProviderIds[name] = created.Provider.Id;
        }

        var answering = new TemplateAgent();
        _agents.Add(
            await HeldAgents.Attach(
                [identities[Ready], identities[Cordoned]],
                server.Address,
                time,
                ct,
                options => options with { Answer = answering.Answer }
            )
        );
        _agents.Add(
            await HeldAgents.Attach(
                [identities[Error]],
                server.Address,
                time,
                ct,
                options => options with { Failing = ConditionTypes.PermissionsSufficient }
            )
        );
        await Readiness.Await(channel, headers, [Ready, Cordoned], time, ct);
        await Readiness.Await(channel, headers, [Error], time, ct, ProviderStatus.Error);
        var cordon = new CordonProviderRequest { Provider = Cordoned, Reason = "hardware is being replaced" };
        await providers.CordonProviderAsync(cordon, headers, cancellationToken: ct);
    }

    private async Task MakeOrganization(GrpcChannel channel, Metadata headers, CancellationToken ct)
    {
        var organizations = new OrganizationService.OrganizationServiceClient(channel);
        var create = new CreateOrganizationRequest { Name = Organization };
        var created = await organizations.CreateOrganizationAsync(create, headers, cancellationToken: ct);
        OrganizationId = created.Organization.Id;
        var allow = new AllowProviderRequest { Organization = Organization, Provider = Ready };
        await organizations.AllowProviderAsync(allow, headers, cancellationToken: ct);
    }

    private async Task MakeWorkspace(
        GrpcChannel channel,
        Metadata headers,
        string name,
        TimeProvider time,
        CancellationToken ct
    )
    {
        var workspaces = new WorkspaceService.WorkspaceServiceClient(channel);
        var create = new CreateWorkspaceRequest
        {
            Name = name,
            Organization = Organization,
            Provider = Ready,
            Spec = PlacementCalls.Spec(),
        };
        var created = await workspaces.CreateWorkspaceAsync(create, headers, cancellationToken: ct);
        var id = WorkspaceIds[name] = created.Workspace.Id;
        switch (name)
        {
            case TemplateAgent.Pending:
                break;
            case TemplateAgent.Starting:
                await Await(WorkspaceState.Starting);
                break;
            case TemplateAgent.Failed:
                await Await(WorkspaceState.Failed);
                break;
            default:
                await Await(WorkspaceState.Running);
                break;
        }

        if (name == TemplateAgent.Stopped)
        {
            await workspaces.StopWorkspaceAsync(
                new StopWorkspaceRequest { Workspace = id },
                headers,
                cancellationToken: ct
            );
            await Await(WorkspaceState.Stopped);
        }
        else if (name is TemplateAgent.Deleting or TemplateAgent.Deleted)
        {
            await workspaces.DeleteWorkspaceAsync(
                new DeleteWorkspaceRequest { Workspace = id },
                headers,
                cancellationToken: ct
            );
            if (name == TemplateAgent.Deleted)
                await Await(WorkspaceState.Deleted);
        }

        async Task Await(WorkspaceState state)
        {
            using var late = CancellationTokenSource.CreateLinkedTokenSource(ct);
            late.CancelAfter(Limits.Attach);
            var request = new GetWorkspaceRequest { Workspace = id };
            while (
                (await workspaces.GetWorkspaceAsync(request, headers, cancellationToken: late.Token)).Workspace.State
                != state
            )
                await Task.Delay(Between, time, late.Token);
        }
    }
}
