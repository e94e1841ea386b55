using System.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Watching;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces ls`.</summary>
internal sealed class ListWorkspaces
{
    private readonly Option<string> _organization = WorkspaceOptions.Organization(
        "Only those of this organization, by name or id"
    );
    private readonly Option<string> _provider = new("--provider")
    {
        Description = "Only those of this provider, by name or id",
        HelpName = "provider",
    };
    private readonly Option<string> _owner = new("--owner")
    {
        Description = "Only those of this user",
        HelpName = "user",
    };
    private readonly Option<string> _state = Words.Option(
        "--state",
        "Only those of this state",
        WorkspaceState.Pending,
        WorkspaceState.Starting,
        WorkspaceState.Running,
        WorkspaceState.Stopping,
        WorkspaceState.Stopped,
        WorkspaceState.Failed,
        WorkspaceState.Deleting
    );
    private readonly Option<bool> _watch = WatchOption.Make();

    public static Command Make(CliHost host)
    {
        var parts = new ListWorkspaces();
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List workspaces that have not ended.",
                "mesh workspaces ls",
                "mesh workspaces ls --owner admin --state failed",
                "mesh workspaces ls --watch -o json | jq -r 'select(.workspace.state == \"WORKSPACE_STATE_FAILED\") | .workspace.name'",
                "mesh workspaces ls --provider us-east-1 -o json"
            )
            {
                parts._organization,
                parts._provider,
                parts._owner,
                parts._state,
                parts._watch,
            },
            parts.Run
        );
        command.Aliases.Add("list");
        return command;
    }

    private Task<int> Run(Invocation run, CancellationToken ct) =>
        run.Line.GetValue(_watch)
            ? new Watch<Workspace>(run, View(run.Time)).Run(
                new WatchedWorkspaces(run.Client, Filter(run.Line), run.Time).Run(ct),
                ct
            )
            : List(run, ct);

    private async Task<int> List(Invocation run, CancellationToken ct)
    {
        var workspaces = await Pages.All<Workspace>(async token =>
        {
            var request = Request(run.Line);
            request.PageToken = token;
            var page = await run.Client.Workspaces.ListWorkspacesAsync(request, cancellationToken: ct);
            return (page.Workspaces, page.NextPageToken);
        });
        if (run.WantsData)
            run.Data(Json.Of(workspaces));
        else if (workspaces.Count == 0)
            run.Output.Info(
                Request(run.Line).Equals(new ListWorkspacesRequest { PageSize = Pages.Size })
                    ? "there are no workspaces"
                    : "there are no workspaces that match",
                "tip: mesh workspaces create NAME"
            );
        else
            run.Output.Table(Tabulate(workspaces, run.Time));
        return ExitCodes.Ok;
    }

    private ListWorkspacesRequest Request(ParseResult line) =>
        new()
        {
            Organization = line.GetValue(_organization) ?? "",
            Provider = line.GetValue(_provider) ?? "",
            Owner = line.GetValue(_owner) ?? "",
            State = Words.Value<WorkspaceState>(line.GetValue(_state)),
            PageSize = Pages.Size,
        };

    private WatchWorkspacesRequest Filter(ParseResult line)
    {
        var list = Request(line);
        return new WatchWorkspacesRequest
        {
            Organization = list.Organization,
            Provider = list.Provider,
            Owner = list.Owner,
            State = list.State,
        };
    }

    private static WatchView<Workspace> View(TimeProvider time) =>
        new(
            "workspace",
            w => w.Id,
            w => w.Name,
            workspaces => Tabulate(workspaces, time),
            ["NAME", "STATE", "PROVIDER", "ORGANIZATION", "OWNER", "IMAGE", "ID"],
            w =>
                [
                    w.Name,
                    WorkspaceText.StateAndDisk(w, time, ages: false),
                    w.Provider,
                    w.Organization,
                    w.Owner,
                    w.Spec?.Image ?? Text.None,
                    w.Id,
                ]
        );

    private static Table Tabulate(IEnumerable<Workspace> workspaces, TimeProvider time)
    {
        var table = new Table("NAME", "STATE", "PROVIDER", "ORGANIZATION", "OWNER", "IMAGE", "AGE", "ID")
        {
            LeftOutFirst = ["ID", "IMAGE", "ORGANIZATION", "OWNER"],
        };
        foreach (var w in workspaces)
            table.Add(
                w.Name,
                WorkspaceText.StateAndDisk(w, time, ages: true),
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
