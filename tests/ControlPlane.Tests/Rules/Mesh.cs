using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Coder.Mesh.ControlPlane.Tests.Rules;

/// <summary>A control plane with providers that are Ready, in few words.</summary>
internal sealed class Mesh : IAsyncDisposable
{
    private readonly Dictionary<string, TestAgent> _agents = [];
    private readonly CancellationToken _ct;

    private Mesh(TestControlPlane plane, CancellationToken ct) => (Plane, _ct) = (plane, ct);

    public TestControlPlane Plane { get; }

    public string Database => Plane.Database;

    /// <param name="ready">Providers to create, whose agents attach.</param>
    public static Task<Mesh> Start(PostgresFixture postgres, CancellationToken ct, params string[] ready) =>
        Start(postgres, services: null, ct, ready);

    public static async Task<Mesh> Start(
        PostgresFixture postgres,
        Action<IServiceCollection>? services,
        CancellationToken ct,
        params string[] ready
    )
    {
        // Its agents send no heartbeats.
        var plane = await TestControlPlane.Start(
            postgres,
            ct,
            options: o => o.HeartbeatInterval = TimeSpan.FromMinutes(5),
            services: services
        );
        var mesh = new Mesh(plane, ct);
        foreach (var name in ready)
            await mesh.Ready(name);
        return mesh;
    }

    /// <summary>A provider whose agent is attached.</summary>
    public async Task<string> Ready(string name, ProviderDetails? details = null)
    {
        var created = await Create(name, details);
        _agents[name] = await TestAgent.Attach(Plane, created.Token, _ct);
        return created.Provider.Id;
    }

    public async Task<CreateProviderResponse> Create(
        string name,
        ProviderDetails? details = null,
        string requestId = ""
    ) =>
        await Plane.Providers.CreateProviderAsync(
            new CreateProviderRequest
            {
                Name = name,
                Details = details,
                RequestId = requestId,
            },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task BuiltInReady()
    {
        var (_, token) = await Plane.BuiltIn(_ct);
        _agents["built-in"] = await TestAgent.Attach(Plane, token, _ct);
    }

    public TestAgent Agent(string provider) => _agents[provider];

    /// <summary>Deletes a workspace, and lets its agent report that it has gone.</summary>
    public async Task Finish(string provider, Workspace workspace)
    {
        var deleted = await Plane.Workspaces.DeleteWorkspaceAsync(
            new DeleteWorkspaceRequest { Workspace = workspace.Id },
            Plane.Admin,
            cancellationToken: _ct
        );
        await Agent(provider).Observe(workspace.Id, deleted.Workspace.Generation, WorkspaceState.Deleted, _ct);
        while ((await Plane.Workspace(workspace.Id, _ct)).State != WorkspaceState.Deleted)
            await Task.Delay(5, _ct);
    }

    public async Task<Organization> Organization(string name, params string[] allowed)
    {
        var created = await Plane.Organizations.CreateOrganizationAsync(
            new CreateOrganizationRequest { Name = name },
            Plane.Admin,
            cancellationToken: _ct
        );
        foreach (var provider in allowed)
            await Allow(name, provider);
        return created.Organization;
    }

    public async Task<Organization> Read(string organization) =>
        (
            await Plane.Organizations.GetOrganizationAsync(
                new GetOrganizationRequest { Organization = organization },
                Plane.Admin,
                cancellationToken: _ct
            )
        ).Organization;

    public async Task<string> OrganizationId(string name) => (await Read(name)).Id;

    public async Task<string> ProviderId(string name) => (await Plane.Provider(name, _ct)).Id;

    public async Task Allow(string organization, string provider) =>
        await Plane.Organizations.AllowProviderAsync(
            new AllowProviderRequest { Organization = organization, Provider = provider },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task Disallow(string organization, string provider) =>
        await Plane.Organizations.DisallowProviderAsync(
            new DisallowProviderRequest { Organization = organization, Provider = provider },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task DeleteOrganization(string name) =>
        await Plane.Organizations.DeleteOrganizationAsync(
            new DeleteOrganizationRequest { Organization = name },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task<Workspace> Place(
        string name,
        string organization = "default",
        string provider = "",
        string region = "",
        string requestId = ""
    ) =>
        (
            await Plane.Workspaces.CreateWorkspaceAsync(
                new CreateWorkspaceRequest
                {
                    Name = name,
                    Organization = organization,
                    Provider = provider,
                    Region = region,
                    Spec = TestControlPlane.Spec(),
                    RequestId = requestId,
                },
                Plane.Admin,
                cancellationToken: _ct
            )
        ).Workspace;

    public async Task<CordonProviderResponse> Cordon(string provider, string reason = "maintenance") =>
        await Plane.Providers.CordonProviderAsync(
            new CordonProviderRequest { Provider = provider, Reason = reason },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task Uncordon(string provider) =>
        await Plane.Providers.UncordonProviderAsync(
            new UncordonProviderRequest { Provider = provider },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task SetDefault(string provider) =>
        await Plane.Providers.SetDefaultProviderAsync(
            new SetDefaultProviderRequest { Provider = provider },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task Delete(string provider) =>
        await Plane.Providers.DeleteProviderAsync(
            new DeleteProviderRequest { Provider = provider },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task<ForgetProviderResponse> Forget(
        string provider,
        string? confirm = null,
        bool force = false,
        string requestId = ""
    ) =>
        await Plane.Providers.ForgetProviderAsync(
            new ForgetProviderRequest
            {
                Provider = provider,
                ConfirmName = confirm ?? provider,
                Force = force,
                Reason = "the cluster burnt down",
                RequestId = requestId,
            },
            Plane.Admin,
            cancellationToken: _ct
        );

    public async Task<IReadOnlyList<HistoryEntry>> History(string provider) =>
        (
            await Plane.Providers.ListHistoryAsync(
                new ListHistoryRequest { Provider = provider },
                Plane.Admin,
                cancellationToken: _ct
            )
        ).Entries;

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents.Values)
            agent.Dispose();
        await Plane.DisposeAsync();
    }
}

/// <summary>What came of a call: "ok", or the reason of its refusal.</summary>
internal static class Answers
{
    public static async Task<string> Answer(this Task call)
    {
        try
        {
            await call;
            return "ok";
        }
        catch (RpcException e)
        {
            return e.GetRpcStatus()?.GetDetail<ErrorInfo>()?.Reason ?? e.Status.ToString();
        }
    }

    /// <summary>The types of all causes of a refused placement.</summary>
    public static async Task<IReadOnlyList<string>> Causes(this Task call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => call);
        return [.. error.GetRpcStatus()!.GetDetail<PreconditionFailure>()!.Violations.Select(v => v.Type)];
    }

    public static string? EligibleProviders(this RpcException error) =>
        error.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata.GetValueOrDefault("eligible_providers");
}
