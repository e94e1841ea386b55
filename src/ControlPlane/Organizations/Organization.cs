using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Organizations;

public abstract record OrganizationEvent;

[EventName("organization.created.v1")]
public sealed record OrganizationCreated(string OrganizationId, string Name, DateTimeOffset At) : OrganizationEvent;

[EventName("organization.provider_allowed.v1")]
public sealed record ProviderAllowed(string ProviderId) : OrganizationEvent;

[EventName("organization.provider_disallowed.v1")]
public sealed record ProviderDisallowed(string ProviderId) : OrganizationEvent;

[EventName("organization.deleted.v1")]
public sealed record OrganizationDeleted(DateTimeOffset At) : OrganizationEvent;

/// <summary>An organization and its allowlist: the providers that it may provision into.</summary>
public sealed record Organization(
    string Id,
    string OrganizationId,
    string Name,
    ImmutableArray<string> AllowedProviders,
    DateTimeOffset CreatedAt,
    bool Deleted = false
)
{
    /// <summary>Version of the stream that this state was folded from. Set by Marten.</summary>
    public int Version { get; set; }

    /// <summary>
    /// Whether a name or id that was looked up before the locks were taken still refers to this organization. An empty
    /// reference does.
    /// </summary>
    public bool Matches(string reference) =>
        !Deleted && (reference.Length == 0 || reference == OrganizationId || reference == Name);

    public static Organization? Fold(Organization? state, string key, OrganizationEvent change) =>
        (state, change) switch
        {
            (null, OrganizationCreated e) => new Organization(key, e.OrganizationId, e.Name, [], e.At),
            (null, _) => null,
            (_, ProviderAllowed e) when !state.AllowedProviders.Contains(e.ProviderId) => state with
            {
                AllowedProviders = state.AllowedProviders.Add(e.ProviderId),
            },
            (_, ProviderDisallowed e) => state with { AllowedProviders = state.AllowedProviders.Remove(e.ProviderId) },
            (_, OrganizationDeleted) => state with { Deleted = true, AllowedProviders = [] },
            _ => state,
        };
}
