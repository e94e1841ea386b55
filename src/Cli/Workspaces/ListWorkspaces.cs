using System.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces ls`.</summary>
internal static class ListWorkspaces
{
    public static Command Make(CliHost host)
    {
        var organization = WorkspaceOptions.Organization("Only those of this organization, by name or id");
        var provider = new Option<string>("--provider")
        {
            Description = "Only those of this provider, by name or id",
            HelpName = "provider",
        };
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List workspaces that have not ended.",
                "mesh workspaces ls",
                "mesh workspaces ls --provider us-east-1 -o json"
            )
            {
                organization,
                provider,
            },
            (run, ct) => Run(run, run.Line.GetValue(organization) ?? "", run.Line.GetValue(provider) ?? "", ct)
        );
        command.Aliases.Add("list");
        return command;
    }

    private static async Task<int> Run(Invocation run, string organization, string provider, CancellationToken ct)
    {
        var workspaces = await Pages.All<Workspace>(async token =>
        {
            var page = await run.Client.Workspaces.ListWorkspacesAsync(
                new ListWorkspacesRequest
                {
                    Organization = organization,
                    Provider = provider,
                    PageSize = Pages.Size,
                    PageToken = token,
                },
                cancellationToken: ct
            );
            return (page.Workspaces, page.NextPageToken);
        });
        if (run.Json)
            run.Output.Json(Json.Of(workspaces));
        else if (workspaces.Count == 0)
            run.Output.Info(
                organization.Length + provider.Length > 0
                    ? "there are no workspaces that match"
                    : "there are no workspaces",
                "tip: mesh workspaces create NAME"
            );
        else
            run.Output.Table(Tabulate(workspaces, run.Time));
        return ExitCodes.Ok;
    }

    private static Table Tabulate(IEnumerable<Workspace> workspaces, TimeProvider time)
    {
        var table = new Table("NAME", "STATE", "PROVIDER", "ORGANIZATION", "OWNER", "IMAGE", "AGE", "ID")
        {
            LeftOutFirst = ["ID", "IMAGE", "ORGANIZATION", "OWNER"],
        };
        foreach (var w in workspaces)
            table.Add(
                w.Name,
                WorkspaceText.State(w),
                w.Provider,
                w.Organization,
                w.Owner,
                w.Spec?.Image ?? Text.None,
                Text.Age(w.CreateTime, time),
                w.Id
            );
        return table;
    }
}
