using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers`.</summary>
internal static class ProvidersCommand
{
    /// <param name="orphans">`mesh providers orphans`, whose folder depends on that of workspaces.</param>
    public static Command Make(CliHost host, Command orphans) =>
        new MeshCommand(
            "providers",
            "Manage workspace providers: each is one namespace of one cluster.",
            "mesh providers ls",
            "mesh providers create us-east-1 --region us-east-1"
        )
        {
            Aliases = { "provider" },
            Subcommands =
            {
                CreateProvider.Make(host),
                ListProviders.Make(host),
                ShowProvider.Make(host),
                ShowHistory.Make(host),
                UpdateProvider.Make(host),
                RenameProvider.Make(host),
                CordonProvider.Make(host),
                CordonProvider.MakeUncordon(host),
                SetDefaultProvider.Make(host),
                AcceptCluster.Make(host),
                RotateToken.Make(host),
                RevokeToken.Make(host),
                orphans,
                RemoveProviders.Make(host),
                ForgetProvider.Make(host),
            },
        };
}
