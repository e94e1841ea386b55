using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>A provider with the facts that placement depends on.</summary>
/// <param name="Unfinished">Number of workspaces that it holds.</param>
/// <param name="Limit">Maximum number that its agent can report, which applies whatever its own maximum is.</param>
internal sealed record PlacementTarget(Provider Provider, ProviderPresence Presence, int Unfinished, int Limit)
{
    public bool IsAtLimit => Unfinished >= Limit;
}

/// <summary>Decides whether an organization may place a workspace in a provider now. Pure functions.</summary>
internal static class Placement
{
    /// <summary>Types of causes, as named in <c>PreconditionFailure</c>.</summary>
    public const string NotAllowed = "NOT_ALLOWED";
    public const string NotReady = "NOT_READY";
    public const string Cordoned = "CORDONED";
    public const string AtCapacity = "AT_CAPACITY";
    public const string OtherRegion = "OTHER_REGION";
    public const string NoSuchRegion = "NO_SUCH_REGION";

    /// <param name="region">The required region; any if empty.</param>
    /// <returns>All causes; none if the workspace may be placed.</returns>
    public static IReadOnlyList<PreconditionViolation> Causes(
        Organization organization,
        PlacementTarget target,
        string region
    )
    {
        var (provider, presence, unfinished, limit) = target;
        var causes = new List<PreconditionViolation>();
        void Add(string type, string description) =>
            causes.Add(new PreconditionViolation(type, provider.Name, $"Provider \"{provider.Name}\" {description}"));

        if (!organization.AllowedProviders.Contains(provider.ProviderId))
            Add(NotAllowed, $"is not allowed for organization \"{organization.Name}\".");
        if (presence.Status == ProviderStatus.Pending)
            Add(
                NotReady,
                presence.Attached
                    ? "is Pending: its agent is attached, but has not yet reported what its cluster has."
                    : "is Pending: its agent has never attached."
            );
        else if (presence.Status == ProviderStatus.Error)
            Add(NotReady, $"is in Error: {presence.Code}: {presence.Message}");
        if (provider.Cordon is { } cordon)
            Add(Cordoned, $"is cordoned: {cordon.Reason}");
        if (provider.Details.MaxWorkspaces > 0 && unfinished >= provider.Details.MaxWorkspaces)
            Add(AtCapacity, $"holds {unfinished} workspaces, of at most {provider.Details.MaxWorkspaces}.");
        else if (target.IsAtLimit)
            Add(AtCapacity, $"holds {unfinished} workspaces, of at most {limit} that one agent may report.");
        if (region.Length > 0 && provider.Details.Region != region)
            Add(
                OtherRegion,
                provider.Details.Region.Length > 0
                    ? $"is in region \"{provider.Details.Region}\", not in \"{region}\"."
                    : $"has no region; \"{region}\" was requested."
            );
        return causes;
    }

    /// <param name="targets">In order of preference.</param>
    /// <returns>The first suitable provider; null if there is none.</returns>
    public static PlacementTarget? Choose(
        Organization organization,
        IEnumerable<PlacementTarget> targets,
        string region
    ) => targets.FirstOrDefault(t => !t.Provider.Deleted && Causes(organization, t, region).Count == 0);

    /// <summary>
    /// Returns the error for a request with a region but no provider, when no provider of the region can take the
    /// workspace.
    /// </summary>
    /// <param name="causes">Causes of all providers of the region.</param>
    /// <param name="elsewhere">Names of providers of other regions that could take the workspace now.</param>
    public static Error RefuseRegion(
        string region,
        IReadOnlyList<PreconditionViolation> causes,
        IReadOnlyList<string> elsewhere
    )
    {
        if (causes.Count == 0)
            causes = [new PreconditionViolation(NoSuchRegion, region, $"There is no provider in region \"{region}\".")];
        var advice =
            elsewhere.Count > 0
                ? $"Eligible providers in other regions: {string.Join(", ", elsewhere)}."
                : "No provider in another region is eligible either.";
        return Error.Precondition(
            ErrorReasons.PlacementRefused,
            $"No provider in region \"{region}\" can take the workspace. {string.Join(" ", causes.Select(c => c.Description))} {advice}"
        ) with
        {
            Preconditions = causes,
            Metadata = new Dictionary<string, string>
            {
                [ErrorMetadata.EligibleProviders] = "",
                [ErrorMetadata.EligibleElsewhere] = string.Join(",", elsewhere),
                [ErrorMetadata.Region] = region,
            },
        };
    }

    /// <param name="eligible">Names of providers that could take the workspace now.</param>
    public static Error Refuse(IReadOnlyList<PreconditionViolation> causes, IReadOnlyList<string> eligible)
    {
        var advice =
            eligible.Count > 0
                ? $"Eligible providers: {string.Join(", ", eligible)}."
                : "No other provider is eligible.";
        return Error.Precondition(
            ErrorReasons.PlacementRefused,
            $"{string.Join(" ", causes.Select(c => c.Description))} {advice}"
        ) with
        {
            Preconditions = causes,
            Metadata = new Dictionary<string, string>
            {
                [ErrorMetadata.EligibleProviders] = string.Join(",", eligible),
            },
        };
    }
}
