using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs`.</summary>
internal static class OrganizationsCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "orgs",
            "Manage organizations and the providers that each can use.",
            "mesh orgs ls",
            "mesh orgs allow acme us-east-1"
        )
        {
            Aliases = { "org", "organizations", "organization" },
            Subcommands =
            {
                CreateOrganization.Make(host),
                ListOrganizations.Make(host),
                ShowOrganization.Make(host),
                ChangeAllowlist.MakeAllow(host),
                ChangeAllowlist.MakeDisallow(host),
                RemoveOrganizations.Make(host),
            },
        };
}
