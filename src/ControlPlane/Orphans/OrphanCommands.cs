using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>
/// Request to adopt an orphan. Empty fields have the value that its objects have, unless said otherwise.
/// </summary>
/// <param name="Provider">Name or id.</param>
/// <param name="Organization">Name or id; empty for the only organization.</param>
/// <param name="Name">Name of the workspace.</param>
/// <param name="Spec">Spec of the workspace, field by field.</param>
/// <param name="Owner">Empty for the caller.</param>
/// <param name="OwnerEmail">Empty if unknown.</param>
internal sealed record OrphanAdoption(
    string Provider,
    string WorkspaceId,
    string Organization,
    string Name,
    WorkspaceSpec Spec,
    string Traceparent,
    string Owner = "",
    string OwnerEmail = ""
);

/// <summary>
/// Commands of admins on orphans. Both store the workspace under a generation above that of the objects, so that the
/// agent receives its desired state like that of any other workspace: now and after every snapshot.
/// </summary>
internal sealed class OrphanCommands(
    CommandExecutor writer,
    OrganizationView organizations,
    ProviderView providers,
    IAgentNotifier agents,
    TimeProvider time
)
{
    /// <summary>
    /// Takes the same locks as a placement. A provider that is cordoned, in Error or full is no obstacle, because the
    /// workspace already runs there.
    /// </summary>
    public Task<Result<WriteResult>> Adopt(WriteContext context, OrphanAdoption wanted, CancellationToken ct)
    {
        var name = wanted.Name;
        return writer.Run(
            context,
            async token =>
            {
                var organization = await organizations.Find(wanted.Organization, token);
                if (organization.Error is { } unknown)
                    return unknown;
                var provider = await providers.Find(wanted.Provider, token);
                if (provider.Error is { } missing)
                    return missing;
                var (organizationId, providerId) = (organization.Value.OrganizationId, provider.Value.ProviderId);
                return new UnitOfWork(
                    [
                        AdvisoryLock.Organization(organizationId, exclusive: false),
                        AdvisoryLock.Provider(providerId, exclusive: false),
                    ],
                    (session, cancel) =>
                        AdoptOnce(context, session, wanted, organizationId, providerId, n => name = n, cancel)
                )
                {
                    AlreadyExists = index => WorkspacePlacement.NameExists(index, name, context.Actor, wanted.Owner),
                };
            },
            ct
        );
    }

    /// <summary>
    /// Has the agent delete the objects of an orphan. Locks the provider, so that it is not deleted meanwhile.
    /// </summary>
    public Task<Result<WriteResult>> Remove(
        WriteContext context,
        string reference,
        string workspaceId,
        string traceparent,
        CancellationToken ct
    ) =>
        writer.Run(
            context,
            async token =>
            {
                var provider = await providers.Find(reference, token);
                if (provider.Error is { } missing)
                    return missing;
                var providerId = provider.Value.ProviderId;
                return new UnitOfWork(
                    [AdvisoryLock.Provider(providerId, exclusive: false)],
                    (session, cancel) => RemoveOnce(session, reference, providerId, workspaceId, traceparent, cancel)
                );
            },
            ct
        );

    private async Task<Outcome> AdoptOnce(
        WriteContext context,
        WriteSession session,
        OrphanAdoption wanted,
        string organizationId,
        string providerId,
        Action<string> named,
        CancellationToken ct
    )
    {
        var documents = session.Documents;
        var organization = await documents.LoadAsync<Organization>(StreamKeys.Organization(organizationId), ct);
        var provider = await documents.LoadAsync<Provider>(StreamKeys.Provider(providerId), ct);
        if (!organization!.Matches(wanted.Organization) || !provider!.Matches(wanted.Provider))
            return new Outcome.Conflict();
        if (!organization.AllowedProviders.Contains(providerId))
            return NotAllowed(organization, provider);
        if (await OrphanView.Find(session.Connection, providerId, wanted.WorkspaceId, ct) is not { } orphan)
            return WorkspaceDecider.OrphanNotFound(wanted.WorkspaceId);

        var create = ToCreate(wanted, orphan, context.Actor, organizationId, provider);
        named(create.Name);
        if (Incomplete(create) is { } incomplete)
            return incomplete;
        var adopt = new AdoptWorkspace(create, orphan.Generation, orphan.Restarted);
        return await Append(session, adopt, providerId, orphan.WorkspaceId, ct);
    }

    private CreateWorkspace ToCreate(
        OrphanAdoption wanted,
        Orphan orphan,
        string caller,
        string organizationId,
        Provider provider
    ) =>
        new(
            wanted.WorkspaceId,
            organizationId,
            Or(wanted.Owner, caller),
            Or(wanted.Name, orphan.Name),
            provider.ProviderId,
            Complete(wanted.Spec, orphan.Spec),
            Or(orphan.StorageClass, provider.Details.StorageClass),
            wanted.Traceparent,
            time.GetUtcNow()
        )
        {
            OwnerEmail = wanted.OwnerEmail,
            Details = provider.Details.Workspaces,
        };

    private async Task<Outcome> RemoveOnce(
        WriteSession session,
        string reference,
        string providerId,
        string workspaceId,
        string traceparent,
        CancellationToken ct
    )
    {
        var provider = await session.Documents.LoadAsync<Provider>(StreamKeys.Provider(providerId), ct);
        if (!provider!.Matches(reference))
            return new Outcome.Conflict();
        if (await OrphanView.Find(session.Connection, providerId, workspaceId, ct) is not { } orphan)
            return WorkspaceDecider.OrphanNotFound(workspaceId);
        var command = new RemoveOrphan(
            workspaceId,
            providerId,
            orphan.Name,
            orphan.Spec,
            orphan.StorageClass,
            orphan.Generation,
            traceparent,
            time.GetUtcNow()
        );
        return await Append(session, command, providerId, workspaceId, ct);
    }

    private async Task<Outcome> Append(
        WriteSession session,
        WorkspaceCommand command,
        string providerId,
        string workspaceId,
        CancellationToken ct
    )
    {
        var key = StreamKeys.Workspace(workspaceId);
        var stream = await session.Documents.Events.FetchForWriting<Workspace>(key, ct);
        var decision = WorkspaceDecider.Decide(stream.Aggregate, command);
        if (decision.Error is { } error)
            return error;
        stream.AppendMany(decision.Events);
        return new Outcome.Done(workspaceId) { Committed = () => agents.DesiredStateChanged(providerId, workspaceId) };
    }

    private static WorkspaceSpec Complete(WorkspaceSpec wanted, WorkspaceSpec held) =>
        new(
            Or(wanted.Image, held.Image),
            Or(wanted.Cpu, held.Cpu),
            Or(wanted.Memory, held.Memory),
            Or(wanted.Disk, held.Disk),
            wanted.Command.Length > 0 ? wanted.Command : held.Command
        )
        {
            Env = wanted.Env.Count > 0 ? wanted.Env : held.Env,
            EnvFrom = wanted.EnvFrom.Length > 0 ? wanted.EnvFrom : held.EnvFrom,
        };

    private static string Or(string first, string second) => first.Length > 0 ? first : second;

    /// <summary>
    /// Returns an error for fields that neither the request nor the objects have, or whose values are invalid for a
    /// workspace.
    /// </summary>
    private static Error? Incomplete(CreateWorkspace create) =>
        new Fields().Name("name", create.Name).Spec(create.Spec).Error is not { } error
            ? null
            : error with
            {
                Message =
                    $"{error.Message}. Fields that the request omits are taken from the orphan's objects; set those that the objects do not have.",
            };

    private static Error NotAllowed(Organization organization, Provider provider)
    {
        var cause =
            $"Provider \"{provider.Name}\" is not allowed for organization \"{organization.Name}\"; "
            + $"\"mesh orgs allow {organization.Name} {provider.Name}\" allows it.";
        return Error.Precondition(ErrorReasons.PlacementRefused, cause) with
        {
            Preconditions = [new PreconditionViolation(Placement.NotAllowed, provider.Name, cause)],
        };
    }
}
