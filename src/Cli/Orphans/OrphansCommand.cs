using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;

namespace Coder.Mesh.Cli.Orphans;

/// <summary>`mesh providers orphans`.</summary>
internal static class OrphansCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "orphans",
            "Manage workspaces in a provider's cluster that the control plane does not know, for example after a restore.",
            "mesh providers orphans ls us-east-1",
            "mesh providers orphans adopt us-east-1 0198c1e0000070008000000000000001 --org science"
        )
        {
            Aliases = { "orphan" },
            Subcommands = { ListOrphans.Make(host), AdoptOrphan.Make(host), RemoveOrphans.Make(host) },
        };

    public static Argument<string> Provider() => new("provider") { Description = "Name or id of the provider" };
}
