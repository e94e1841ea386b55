using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Organizations;

internal abstract record OrganizationCommand;

/// <param name="BuiltInProviderId">The only provider that a new organization may use.</param>
internal sealed record CreateOrganization(
    string OrganizationId,
    string Name,
    string BuiltInProviderId,
    DateTimeOffset At
) : OrganizationCommand;

internal sealed record AllowProvider(string ProviderId) : OrganizationCommand;

/// <param name="Unfinished">Number of workspaces of the organization in this provider.</param>
internal sealed record DisallowProvider(string ProviderId, string ProviderName, int Unfinished) : OrganizationCommand;

/// <param name="Unfinished">Number of workspaces of the organization in all providers.</param>
internal sealed record DeleteOrganization(int Unfinished, DateTimeOffset At) : OrganizationCommand;

/// <summary>Rules of organizations and their allowlists. Pure functions: no clock, no I/O, no logger.</summary>
internal static class OrganizationDecider
{
    public static Decision<OrganizationEvent> Decide(Organization? state, OrganizationCommand command) =>
        (state, command) switch
        {
            (null, CreateOrganization c) => Decision<OrganizationEvent>.Emit(
                new OrganizationCreated(c.OrganizationId, c.Name, c.At),
                new ProviderAllowed(c.BuiltInProviderId)
            ),
            (null or { Deleted: true }, _) => Error.NotFound(
                ErrorReasons.OrganizationNotFound,
                "There is no such organization; it may have been deleted a moment ago."
            ),
            (_, CreateOrganization c) => NameExists(c.Name),
            (_, AllowProvider c) => state.AllowedProviders.Contains(c.ProviderId)
                ? Decision<OrganizationEvent>.Nothing
                : Decision<OrganizationEvent>.Emit(new ProviderAllowed(c.ProviderId)),
            (_, DisallowProvider c) => Disallow(state, c),
            (_, DeleteOrganization { Unfinished: > 0 } c) => Error.Precondition(
                ErrorReasons.OrganizationInUse,
                $"\"{state.Name}\" has {WorkspaceCounts.Words(c.Unfinished)} that have not ended; remove them first "
                    + $"(\"mesh workspaces ls --org {state.Name}\")."
            ),
            (_, DeleteOrganization c) => Decision<OrganizationEvent>.Emit(new OrganizationDeleted(c.At)),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "no rule for this command"),
        };

    public static Error NameExists(string name) =>
        new(
            ErrorKind.AlreadyExists,
            ErrorReasons.OrganizationExists,
            $"There is already an organization \"{name}\"; choose another name."
        );

    private static Decision<OrganizationEvent> Disallow(Organization state, DisallowProvider c)
    {
        if (!state.AllowedProviders.Contains(c.ProviderId))
            return Decision<OrganizationEvent>.Nothing;
        if (c.Unfinished > 0)
            return Error.Precondition(
                ErrorReasons.OrganizationUsesProvider,
                $"\"{state.Name}\" has {WorkspaceCounts.Words(c.Unfinished)} in \"{c.ProviderName}\" that have not ended; remove them first "
                    + $"(\"mesh workspaces ls --org {state.Name} --provider {c.ProviderName}\")."
            );
        return state.AllowedProviders.Length == 1
            ? Error.Precondition(
                ErrorReasons.ProviderLastOfOrganization,
                $"\"{c.ProviderName}\" is the only provider of {state.Name}; allow it another one first "
                    + $"(\"mesh orgs allow {state.Name} PROVIDER\")."
            )
            : Decision<OrganizationEvent>.Emit(new ProviderDisallowed(c.ProviderId));
    }
}
