using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>A provider as placement looks at it.</summary>
/// <param name="Unfinished">Workspaces that it holds.</param>
internal sealed record PlacementTarget(Provider Provider, ProviderPresence Presence, int Unfinished);

/// <summary>Decides whether an organization may place a workspace in a provider now. Pure.</summary>
internal static class Placement
{
    /// <summary>The types of causes, as <c>PreconditionFailure</c> names them.</summary>
    public const string NotAllowed = "NOT_ALLOWED";
    public const string NotReady = "NOT_READY";
    public const string Cordoned = "CORDONED";
    public const string AtCapacity = "AT_CAPACITY";
    public const string OtherRegion = "OTHER_REGION";

    /// <param name="region">The only one that will do; any if empty.</param>
    /// <returns>Every cause at once; none if it may.</returns>
    public static IReadOnlyList<PreconditionViolation> Causes(
        Organization organization,
        PlacementTarget target,
        string region
    )
    {
        var (provider, presence, unfinished) = target;
        var causes = new List<PreconditionViolation>();
        void Add(string type, string description) =>
            causes.Add(new PreconditionViolation(type, provider.Name, $"Provider \"{provider.Name}\" {description}"));

        if (!organization.AllowedProviders.Contains(provider.ProviderId))
            Add(NotAllowed, $"is not allowed for organization \"{organization.Name}\".");
        if (presence.Status == ProviderStatus.Pending)
            Add(NotReady, "is Pending: its agent has never attached.");
        else if (presence.Status == ProviderStatus.Error)
            Add(NotReady, $"is in Error: {presence.Code}: {presence.Message}");
        if (provider.Cordon is { } cordon)
            Add(Cordoned, $"is cordoned: {cordon.Reason}");
        if (provider.Details.MaxWorkspaces > 0 && unfinished >= provider.Details.MaxWorkspaces)
            Add(AtCapacity, $"holds {unfinished} workspaces, of at most {provider.Details.MaxWorkspaces}.");
        if (region.Length > 0 && provider.Details.Region != region)
            Add(
                OtherRegion,
                provider.Details.Region.Length > 0
                    ? $"is in region \"{provider.Details.Region}\", not in \"{region}\"."
                    : $"has no region; \"{region}\" was asked for."
            );
        return causes;
    }

    /// <param name="wouldDo">Names of providers that would take the workspace now.</param>
    public static Refusal Refuse(IReadOnlyList<PreconditionViolation> causes, IReadOnlyList<string> wouldDo)
    {
        var advice =
            wouldDo.Count > 0
                ? $"These would do: {string.Join(", ", wouldDo)}."
                : "No other provider would do now either.";
        return Refusal.Precondition(
            ErrorReasons.PlacementRefused,
            $"{string.Join(" ", causes.Select(c => c.Description))} {advice}"
        ) with
        {
            Preconditions = causes,
            Metadata = new Dictionary<string, string> { [ErrorMetadata.WouldDo] = string.Join(",", wouldDo) },
        };
    }
}
