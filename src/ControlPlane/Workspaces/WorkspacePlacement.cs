using System.Collections.Concurrent;
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
/// <param name="Owner">The caller if empty.</param>
/// <param name="OwnerEmail">Not known if empty.</param>
internal sealed record PlaceWorkspace(
    string Organization,
    string Provider,
    string Region,
    string Name,
    WorkspaceSpec Spec,
    string Traceparent,
    string Owner = "",
    string OwnerEmail = ""
);

/// <summary>A workspace as it was stored, and the names of where it was placed.</summary>
internal sealed record PlacedWorkspace(Workspace Workspace, string Organization, string Provider);

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
    private const int MostRemembered = 10_000;

    // What names led to last. Under the locks it is checked in any case, so it may be out of date.
    private readonly ConcurrentDictionary<(string Organization, string Provider), Target> _targets = new();

    private sealed record Target(string OrganizationId, string ProviderId, bool Counted);

    /// <returns>With the workspace, unless it is a repetition.</returns>
    public async Task<Result<(Written Written, PlacedWorkspace? Placed)>> Place(
        WriteContext context,
        PlaceWorkspace wanted,
        CancellationToken ct
    )
    {
        PlacedWorkspace? placed = null;
        var written = await writer.Run(
            context,
            async token =>
            {
                var looked = await Look(wanted, token);
                if (looked.Refusal is { } refusal)
                    return refusal;
                var target = looked.Value;
                return new Plan(
                    [
                        StreamLock.Organization(target.OrganizationId, exclusive: false),
                        StreamLock.Provider(target.ProviderId, exclusive: target.Counted),
                    ],
                    (session, cancel) => Once(context, session, target, wanted, p => placed = p, cancel)
                )
                {
                    Taken = index => NameTaken(index, wanted.Name, context.Actor, wanted.Owner),
                };
            },
            ct
        );
        // An attempt that failed, for the first call was committed meanwhile, has placed nothing.
        return written.Refusal is { } no ? no : (written.Value, written.Value.Repeated ? null : placed);
    }

    private async Task<Result<Target>> Look(PlaceWorkspace wanted, CancellationToken ct)
    {
        if (_targets.TryGetValue((wanted.Organization, wanted.Provider), out var remembered))
            return remembered;
        var organization = await organizations.Find(wanted.Organization, ct);
        if (organization.Refusal is { } unknown)
            return unknown;
        var reference = wanted.Provider.Length > 0 ? wanted.Provider : await deployment.DefaultProviderId(ct);
        var provider = await providers.Find(reference, ct);
        if (provider.Refusal is { } missing)
            return missing;
        var target = new Target(
            organization.Value.OrganizationId,
            provider.Value.ProviderId,
            provider.Value.Details.MaxWorkspaces > 0
        );
        // "The only one there is" can't be checked under the locks.
        if (wanted.Organization.Length > 0 && _targets.Count < MostRemembered)
            _targets[(wanted.Organization, wanted.Provider)] = target;
        return target;
    }

    private async Task<Outcome> Once(
        WriteContext context,
        WriteSession session,
        Target target,
        PlaceWorkspace wanted,
        Action<PlacedWorkspace> placed,
        CancellationToken ct
    )
    {
        var batch = session.Documents.CreateBatchQuery();
        var loadOrganization = batch.Load<Organization>(StreamKeys.Organization(target.OrganizationId));
        var loadProvider = batch.Load<Provider>(StreamKeys.Provider(target.ProviderId));
        var loadPresence = batch.Load<ProviderPresence>(StreamKeys.Presence(target.ProviderId));
        var loadDeployment = batch.Load<MeshDeployment>(StreamKeys.Deployment);
        await batch.Execute(ct);
        var (organization, provider) = ((await loadOrganization)!, (await loadProvider)!);
        var reference = wanted.Provider.Length > 0 ? wanted.Provider : (await loadDeployment)!.DefaultProviderId;
        var meant = organization.IsMeantBy(wanted.Organization) && provider.IsMeantBy(reference);
        // Gone, renamed, no longer the default, or with a maximum by now.
        if (!meant || provider.Details.MaxWorkspaces > 0 != target.Counted)
        {
            _targets.TryRemove((wanted.Organization, wanted.Provider), out _);
            return new Outcome.Outdated();
        }

        var unfinished = target.Counted
            ? (await WorkspaceCounts.OfProviders(session.Connection, [target.ProviderId], ct)).GetValueOrDefault(
                target.ProviderId
            )
            : 0;
        var asked = new PlacementTarget(provider, (await loadPresence)!, unfinished);
        if (Placement.Causes(organization, asked, wanted.Region) is { Count: > 0 } causes)
            return Placement.Refuse(causes, await PlacementAdvice.For(session, organization, wanted.Region, ct));

        var command = new CreateWorkspace(
            Ids.New(time),
            organization.OrganizationId,
            wanted.Owner.Length > 0 ? wanted.Owner : context.Actor,
            wanted.Name,
            target.ProviderId,
            wanted.Spec,
            provider.Details.StorageClass,
            wanted.Traceparent,
            time.GetUtcNow()
        )
        {
            OwnerEmail = wanted.OwnerEmail,
            Details = provider.Details.Workspaces,
        };
        var decision = WorkspaceDecider.Decide(null, command);
        if (decision.Refusal is { } refusal)
            return refusal;
        var workspace = Append(session, command.WorkspaceId, decision.Events);
        placed(new PlacedWorkspace(workspace, organization.Name, provider.Name));
        return new Outcome.Done(command.WorkspaceId)
        {
            Committed = () => doorbell.Workspace(target.ProviderId, command.WorkspaceId),
        };
    }

    private static Workspace Append(WriteSession session, string workspaceId, IReadOnlyList<WorkspaceEvent> events)
    {
        var key = StreamKeys.Workspace(workspaceId);
        session.Documents.Events.StartStream<Workspace>(key, events);
        var workspace = events.Aggregate((Workspace?)null, (state, change) => Workspace.Fold(state, key, change))!;
        workspace.Version = events.Count;
        return workspace;
    }

    /// <param name="owner">The caller if empty.</param>
    internal static Refusal? NameTaken(string index, string name, string caller, string owner) =>
        index == MartenRegistration.WorkspaceNameIndex
            ? new Refusal(
                RefusalKind.AlreadyExists,
                ErrorReasons.WorkspaceExists,
                owner.Length == 0 || owner == caller
                    ? $"You already have a workspace named \"{name}\" in this organization."
                    : $"{owner} already has a workspace named \"{name}\" in this organization."
            )
            : null;
}
