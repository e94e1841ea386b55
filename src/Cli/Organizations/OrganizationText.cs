using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>Organizations in words.</summary>
internal static class OrganizationText
{
    /// <summary>The names of its providers; where a list leaves some out, how many more there are.</summary>
    public static string Providers(Organization organization)
    {
        var more = organization.ProviderCount - organization.Providers.Count;
        var names = string.Join(", ", organization.Providers);
        return Text.OrNone(more > 0 ? $"{names} and {more} more" : names);
    }
}
