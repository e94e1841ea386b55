using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>Formats organizations for people.</summary>
internal static class OrganizationText
{
    /// <summary>Formats the names of its providers, and the number of those that a list leaves out.</summary>
    public static string Providers(Organization organization)
    {
        var more = organization.ProviderCount - organization.Providers.Count;
        var names = string.Join(", ", organization.Providers);
        return Text.OrNone(more > 0 ? $"{names} and {more} more" : names);
    }
}
