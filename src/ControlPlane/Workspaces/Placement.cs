using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Decides whether an organization may place a workspace in a provider now. Pure.</summary>
internal static class Placement
{
    /// <returns>Null if it may; else every cause at once.</returns>
    public static Refusal? Decide(Organization organization, Provider provider, ProviderPresence presence)
    {
        var causes = new List<PreconditionViolation>();
        if (!organization.AllowedProviders.Contains(provider.ProviderId))
            causes.Add(
                new PreconditionViolation(
                    "NOT_ALLOWED",
                    provider.Name,
                    $"Organization \"{organization.Name}\" is not on the allowlist of provider \"{provider.Name}\"."
                )
            );
        if (presence.Status != ProviderStatus.Ready)
            causes.Add(new PreconditionViolation("NOT_READY", provider.Name, NotReady(provider, presence)));
        return causes.Count == 0
            ? null
            : Refusal.Precondition(
                ErrorReasons.PlacementRefused,
                string.Join(" ", causes.Select(c => c.Description))
            ) with
            {
                Preconditions = causes,
            };
    }

    private static string NotReady(Provider provider, ProviderPresence presence) =>
        presence.Status == ProviderStatus.Pending
            ? $"Provider \"{provider.Name}\" is Pending: its agent has never attached."
            : $"Provider \"{provider.Name}\" is in Error: {presence.Code}: {presence.Message}";
}
