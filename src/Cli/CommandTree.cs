using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Completion;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Contexts;
using Coder.Mesh.Cli.Deployment;
using Coder.Mesh.Cli.Organizations;
using Coder.Mesh.Cli.Orphans;
using Coder.Mesh.Cli.Providers;
using Coder.Mesh.Cli.Tokens;
using Coder.Mesh.Cli.Workspaces;

namespace Coder.Mesh.Cli;

/// <summary>All commands, under `mesh`.</summary>
internal static class CommandTree
{
    public static RootCommand Make(CliHost host)
    {
        var root = new RootCommand("Manage developer workspaces across many Kubernetes clusters.")
        {
            ProvidersCommand.Make(host, OrphansCommand.Make(host)),
            OrganizationsCommand.Make(host),
            WorkspacesCommand.Make(host),
            AccessUrlCommand.Make(host),
            LoginCommand.Make(host),
            LogoutCommand.Make(host),
            WhoAmI.Make(host),
            ContextsCommand.Make(host),
            TokensCommand.Make(host),
            CompletionCommand.Make(host),
            HelpCommand.Make(host.Output),
            VersionCommand.Make(host.Output),
            OutputOption.Option,
            ConnectionOptions.Address,
            ConnectionOptions.TokenFile,
            ConnectionOptions.Context,
            ConnectionOptions.RequestTimeout,
        };
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction usual } help)
                help.Action = new HelpWithExamples(usual);
            else if (option is VersionOption version)
                version.Action = new VersionCommand.Action(host.Output);
        }
        foreach (var suggest in root.Directives.OfType<SuggestDirective>())
            suggest.Action = new Suggestions(host);
        return root;
    }
}
