using System.Collections.Concurrent;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Request to place a workspace.</summary>
/// <param name="Organization">Name or id; empty for the only organization.</param>
/// <param name="Provider">
/// Name or id; empty for one of the region, or for the default provider if no region is given.
/// </param>
/// <param name="Region">Required region of the provider; any if empty.</param>
/// <param name="Owner">Empty for the caller.</param>
/// <param name="OwnerEmail">Empty if unknown.</param>
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

/// <summary>A stored workspace and its placement.</summary>
internal sealed record PlacedWorkspace(Workspace Workspace, string Organization, WorkspaceProvider Provider);

/// <summary>
/// Creates workspaces. Locks organization and provider in shared mode, so that placements do not wait for each other,
/// but changes of what they rely on wait for them. A provider with a maximum is locked exclusively, since it has to be
/// counted. If only a region is given, the first suitable provider of it is chosen under its lock.
/// </summary>
internal sealed class WorkspacePlacement(
    CommandExecutor writer,
    OrganizationView organizations,
    ProviderView providers,
    DeploymentView deployment,
    ProviderRoom room,
    NpgsqlDataSource database,
    IAgentNotifier agents,
    TimeProvider time
)
{
    private const int MaxRemembered = 10_000;

    /// <summary>Maximum number of providers of a region that are locked at once.</summary>
    private const int MaxCandidates = 50;

    // Results of the last name lookups. They may be out of date, because they are verified under the locks.
    private readonly ConcurrentDictionary<(string Organization, string Provider), Target> _targets = new();

    /// <param name="Candidates">In order of preference: the named provider, or several of a region.</param>
    /// <param name="Chosen">Whether they are candidates of a region, so that another of them may be used.</param>
    private sealed record Target(string OrganizationId, IReadOnlyList<PlacementCandidate> Candidates, bool Chosen)
    {
        /// <summary>
        /// Placements on the same provider for the same organization; null if they are counted or chosen.
        /// </summary>
        public TransactionGroup? Group { get; init; }
    }

    private sealed record Read(Organization Organization, string DefaultId, IReadOnlyList<PlacementTarget> Targets);

    /// <returns>With the workspace, unless it is a repetition.</returns>
    public async Task<Result<(WriteResult WriteResult, PlacedWorkspace? Placed)>> Place(
        WriteContext context,
        PlaceWorkspace wanted,
        CancellationToken ct
    )
    {
        PlacedWorkspace? placed = null;
        // The best provider of a region is tried alone first. If it is taken meanwhile, all candidates are locked and
        // one is chosen, so that concurrent calls do not move from one full provider to the next.
        var candidates = 1;
        var written = await writer.Run(
            context,
            async token =>
            {
                var evaluated = await Evaluate(wanted, candidates, token);
                candidates = MaxCandidates;
                if (evaluated.Error is { } error)
                    return error;
                var target = evaluated.Value;
                return new UnitOfWork(
                    [
                        AdvisoryLock.Organization(target.OrganizationId, exclusive: false),
                        .. target.Candidates.Select(c => AdvisoryLock.Provider(c.ProviderId, exclusive: c.Counted)),
                    ],
                    (session, cancel) => Once(context, session, target, wanted, p => placed = p, cancel)
                )
                {
                    Group = target.Group,
                    AlreadyExists = index => NameExists(index, wanted.Name, context.Actor, wanted.Owner),
                };
            },
            ct
        );
        // An attempt that failed because the first call was committed meanwhile has placed nothing.
        return written.Error is { } no ? no : (written.Value, written.Value.Repeated ? null : placed);
    }

    private async Task<Result<Target>> Evaluate(PlaceWorkspace wanted, int candidates, CancellationToken ct)
    {
        if (wanted.Provider.Length == 0 && wanted.Region.Length > 0)
            return await EvaluateRegion(wanted, candidates, ct);
        if (_targets.TryGetValue((wanted.Organization, wanted.Provider), out var remembered))
            return remembered;
        var organization = await organizations.Find(wanted.Organization, ct);
        if (organization.Error is { } unknown)
            return unknown;
        var reference = wanted.Provider.Length > 0 ? wanted.Provider : await deployment.DefaultProviderId(ct);
        var provider = await providers.Find(reference, ct);
        if (provider.Error is { } missing)
            return missing;
        var candidate = new PlacementCandidate(provider.Value.ProviderId, provider.Value.Details.MaxWorkspaces > 0);
        var target = new Target(organization.Value.OrganizationId, [candidate], Chosen: false)
        {
            Group = candidate.Counted ? null : writer.CreateGroup(),
        };
        // "The only organization" cannot be verified under the locks.
        if (wanted.Organization.Length > 0 && _targets.Count < MaxRemembered)
            _targets[(wanted.Organization, wanted.Provider)] = target;
        return target;
    }

    private async Task<Result<Target>> EvaluateRegion(PlaceWorkspace wanted, int candidates, CancellationToken ct)
    {
        var organization = await organizations.Find(wanted.Organization, ct);
        if (organization.Error is { } unknown)
            return unknown;
        var first = await deployment.DefaultProviderId(ct);
        await using var connection = await database.OpenConnectionAsync(ct);
        var found = await EligibleProviders.Find(connection, organization.Value, wanted.Region, first, candidates, ct);
        return new Target(organization.Value.OrganizationId, found, Chosen: true);
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
        var (organization, defaultId, targets) = await session.ReadOnce(() => ReadTarget(session, target, ct));
        var reference = wanted.Provider.Length > 0 ? wanted.Provider : defaultId;
        var meant =
            organization.Matches(wanted.Organization)
            && (target.Chosen || targets.All(t => t.Provider.Matches(reference)));
        // Deleted, renamed, no longer the default, or with a maximum by now.
        if (!meant || !targets.Zip(target.Candidates).All(p => IsCounted(p.First) == p.Second.Counted))
        {
            _targets.TryRemove((wanted.Organization, wanted.Provider), out _);
            return new Outcome.Conflict();
        }

        if (Placement.Choose(organization, targets, wanted.Region) is not { } chosen)
            return target.Chosen
                ? await NoneInRegion(session, organization, wanted.Region, targets, ct)
                : Placement.Refuse(
                    Placement.Causes(organization, targets[0], wanted.Region),
                    await EligibleProviders.Names(session, organization, wanted.Region, room, ct)
                );
        return Create(context, session, organization, chosen, wanted, placed);
    }

    private async Task<Read> ReadTarget(WriteSession session, Target target, CancellationToken ct)
    {
        var batch = session.Documents.CreateBatchQuery();
        var organization = batch.Load<Organization>(StreamKeys.Organization(target.OrganizationId));
        var deployed = batch.Load<MeshDeployment>(StreamKeys.Deployment);
        string[] ids = [.. target.Candidates.Select(c => c.ProviderId)];
        var targets = await EligibleProviders.Load(session, batch, ids, room, ct);
        return new Read((await organization)!, (await deployed)!.DefaultProviderId, targets);
    }

    private static bool IsCounted(PlacementTarget target) => target.Provider.Details.MaxWorkspaces > 0;

    // A provider that could take the workspace now was not among the candidates, so they are queried again. Providers
    // at the limit of their agent are among the candidates, since the query does not count them.
    private async Task<Outcome> NoneInRegion(
        WriteSession session,
        Organization organization,
        string region,
        IReadOnlyList<PlacementTarget> targets,
        CancellationToken ct
    )
    {
        string[] full = [.. targets.Where(t => t.IsAtLimit).Select(t => t.Provider.ProviderId)];
        var found = await EligibleProviders.Find(session.Connection, organization, region, "", limit: 1, ct, full);
        return found.Count > 0
            ? new Outcome.Conflict()
            : await EligibleProviders.RefuseRegion(session, organization, region, room, ct);
    }

    private Outcome Create(
        WriteContext context,
        WriteSession session,
        Organization organization,
        PlacementTarget chosen,
        PlaceWorkspace wanted,
        Action<PlacedWorkspace> placed
    )
    {
        var provider = chosen.Provider;
        var command = new CreateWorkspace(
            Ids.New(time),
            organization.OrganizationId,
            wanted.Owner.Length > 0 ? wanted.Owner : context.Actor,
            wanted.Name,
            provider.ProviderId,
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
        if (decision.Error is { } error)
            return error;
        var workspace = Append(session, command.WorkspaceId, decision.Events);
        placed(new PlacedWorkspace(workspace, organization.Name, WorkspaceProvider.Of(provider.Name, chosen.Presence)));
        return new Outcome.Done(command.WorkspaceId)
        {
            Committed = () =>
            {
                room.Placed(provider.ProviderId);
                agents.DesiredStateChanged(provider.ProviderId, command.WorkspaceId);
            },
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

    /// <param name="owner">Empty for the caller.</param>
    internal static Error? NameExists(string index, string name, string caller, string owner) =>
        index == Indexes.WorkspaceNameIndex
            ? new Error(
                ErrorKind.AlreadyExists,
                ErrorReasons.WorkspaceExists,
                owner.Length == 0 || owner == caller
                    ? $"You already have a workspace named \"{name}\" in this organization."
                    : $"{owner} already has a workspace named \"{name}\" in this organization."
            )
            : null;
}
