using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces`.</summary>
internal static class WorkspacesCommand
{
    public static Command Make(CliHost host) =>
        new MeshCommand(
            "workspaces",
            "Create, change, start, stop and remove workspaces.",
            "mesh workspaces create dev --wait",
            "mesh ws ls"
        )
        {
            Aliases = { "ws", "workspace" },
            Subcommands =
            {
                CreateWorkspace.Make(host),
                ListWorkspaces.Make(host),
                ShowWorkspace.Make(host),
                ShowTimeline.Make(host),
                DesiredStateCommand.Start(host),
                DesiredStateCommand.Stop(host),
                DesiredStateCommand.Restart(host),
                UpdateWorkspace.Make(host),
                DesiredStateCommand.Remove(host),
            },
        };
}
