using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>Organizations in words.</summary>
internal static class OrganizationText
{
    public static string Providers(Organization organization) => Text.OrNone(string.Join(", ", organization.Providers));
}
