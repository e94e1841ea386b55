using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Writes;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>A workspace to be placed.</summary>
/// <param name="Organization">Name or id; the only one there is if empty.</param>
/// <param name="Provider">Name or id; the default one if empty.</param>
/// <param name="Region">The provider must be of it; any if empty.</param>
internal sealed record PlaceWorkspace(
    string Organization,
    string Provider,
    string Region,
    string Name,
    WorkspaceSpec Spec,
    string Traceparent
);

/// <summary>
/// Creates workspaces. Holds its organization and provider shared, so that placements don't wait for each other, while
/// whoever changes what they rely on waits for them; a provider with a maximum is held exclusively, for it has to be
/// counted.
/// </summary>
internal sealed class WorkspacePlacement(
    Writer writer,
    OrganizationView organizations,
    ProviderView providers,
    DeploymentView deployment,
    Doorbell doorbell,
    TimeProvider time
)
{
    private const int MostAdvised = 10;

    public Task<Result<Written>> Place(WriteContext context, PlaceWorkspace wanted, CancellationToken ct) =>
        writer.Run(
            context,
            async token =>
            {
                var organization = await organizations.Find(wanted.Organization, token);
                if (organization.Refusal is { } unknown)
                    return unknown;
                var reference =
                    wanted.Provider.Length > 0 ? wanted.Provider : await deployment.DefaultProviderId(token);
                var provider = await providers.Find(reference, token);
                if (provider.Refusal is { } missing)
                    return missing;
                var (org, target) = (organization.Value, provider.Value);
                var counted = target.Details.MaxWorkspaces > 0;
                return new Plan(
                    [
                        StreamLock.Organization(org.OrganizationId, exclusive: false),
                        StreamLock.Provider(target.ProviderId, exclusive: counted),
                    ],
                    (session, cancel) => Once(context, session, org.Id, target.ProviderId, counted, wanted, cancel)
                )
                {
                    Taken = index => NameTaken(index, wanted.Name),
                };
            },
            ct
        );

    private async Task<Outcome> Once(
        WriteContext context,
        WriteSession session,
        string organizationKey,
        string providerId,
        bool counted,
        PlaceWorkspace wanted,
        CancellationToken ct
    )
    {
        var batch = session.Documents.CreateBatchQuery();
        var loadOrganization = batch.Load<Organization>(organizationKey);
        var loadProvider = batch.Load<Provider>(StreamKeys.Provider(providerId));
        var loadPresence = batch.Load<ProviderPresence>(StreamKeys.Presence(providerId));
        var loadDeployment = batch.Load<MeshDeployment>(StreamKeys.Deployment);
        await batch.Execute(ct);
        var (organization, provider, presence) = (await loadOrganization, await loadProvider, await loadPresence);
        // Looked up before the locks were held: gone, renamed, no longer the default, or with a maximum by now.
        var reference = wanted.Provider.Length > 0 ? wanted.Provider : (await loadDeployment)!.DefaultProviderId;
        if (organization!.Deleted || !provider!.IsMeantBy(reference) || provider.Details.MaxWorkspaces > 0 != counted)
            return new Outcome.Outdated();

        var unfinished = counted
            ? (await WorkspaceCounts.OfProviders(session.Connection, [providerId], ct)).GetValueOrDefault(providerId)
            : 0;
        var target = new PlacementTarget(provider, presence!, unfinished);
        if (Placement.Causes(organization, target, wanted.Region) is { Count: > 0 } causes)
            return Placement.Refuse(causes, await WouldDo(session, organization, wanted.Region, ct));

        var command = new CreateWorkspace(
            Ids.New(time),
            organization.OrganizationId,
            context.Actor,
            wanted.Name,
            providerId,
            wanted.Spec,
            provider.Details.StorageClass,
            wanted.Traceparent,
            time.GetUtcNow()
        );
        session.Documents.Events.StartStream<Workspace>(
            StreamKeys.Workspace(command.WorkspaceId),
            WorkspaceDecider.Decide(null, command).Events
        );
        return new Outcome.Done(command.WorkspaceId)
        {
            Committed = () => doorbell.Workspace(providerId, command.WorkspaceId),
        };
    }

    private static async Task<IReadOnlyList<string>> WouldDo(
        WriteSession session,
        Organization organization,
        string region,
        CancellationToken ct
    )
    {
        string[] ids = [.. organization.AllowedProviders];
        var allowed = await session.Documents.LoadManyAsync<Provider>(ct, ids.Select(StreamKeys.Provider));
        var presences = (
            await session.Documents.LoadManyAsync<ProviderPresence>(ct, ids.Select(StreamKeys.Presence))
        ).ToDictionary(p => p.ProviderId);
        var counts = await WorkspaceCounts.OfProviders(session.Connection, ids, ct);
        return
        [
            .. allowed
                .Select(p => new PlacementTarget(p, presences[p.ProviderId], counts.GetValueOrDefault(p.ProviderId)))
                .Where(t => Placement.Causes(organization, t, region).Count == 0)
                .Select(t => t.Provider.Name)
                .Order(StringComparer.Ordinal)
                .Take(MostAdvised),
        ];
    }

    private static Refusal? NameTaken(string index, string name) =>
        index == MartenRegistration.WorkspaceNameIndex
            ? new Refusal(
                RefusalKind.AlreadyExists,
                ErrorReasons.WorkspaceExists,
                $"You already have a workspace named \"{name}\" in this organization."
            )
            : null;
}
