using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Watching;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces ls`.</summary>
internal sealed class ListWorkspaces
{
    private readonly Option<string> _organization = WorkspaceOptions.Organization(
        "Only workspaces of this organization (name or id)"
    );
    private readonly Option<bool> _allOrganizations = new("--all-orgs", "-A")
    {
        Description = "All organizations, regardless of the default one",
    };
    private readonly Option<string> _provider = new("--provider")
    {
        Description = "Only workspaces on this provider (name or id)",
        HelpName = "provider",
    };
    private readonly Option<string> _owner = new("--owner")
    {
        Description = "Only workspaces of this user",
        HelpName = "user",
    };
    private readonly Option<string[]> _state = ListOptions.Words(
        "--state",
        "Only workspaces in this state",
        WorkspaceState.Pending,
        WorkspaceState.Starting,
        WorkspaceState.Running,
        WorkspaceState.Stopping,
        WorkspaceState.Stopped,
        WorkspaceState.Failed,
        WorkspaceState.Deleting,
        WorkspaceState.Deleted,
        WorkspaceState.Lost
    );
    private readonly Option<bool> _all = new("--all") { Description = "Include workspaces that have ended" };
    private readonly SortOption<Workspace> _sort = new(
        "created",
        ("created", SortOption<Workspace>.By(w => w.Id)),
        ("name", SortOption<Workspace>.By(w => w.Name)),
        ("state", SortOption<Workspace>.By(WorkspaceText.Word)),
        ("provider", SortOption<Workspace>.By(w => w.Provider)),
        ("organization", SortOption<Workspace>.By(w => w.Organization)),
        ("owner", SortOption<Workspace>.By(w => w.Owner)),
        ("image", SortOption<Workspace>.By(w => w.Spec?.Image ?? ""))
    );
    private readonly Option<bool> _watch = WatchOption.Make();

    public static Command Make(CliHost host)
    {
        var parts = new ListWorkspaces();
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List workspaces. Those that have ended are included only with --all or --state.",
                "mesh workspaces ls",
                "mesh workspaces ls --owner admin --state failed,stopped",
                "mesh workspaces ls --all --sort-by name",
                "mesh workspaces ls --provider us-east-1 -o id | xargs mesh workspaces stop",
                "mesh workspaces ls --watch -o json | jq -r 'select(.workspace.state == \"WORKSPACE_STATE_FAILED\") | .workspace.name'",
                "mesh workspaces ls --provider us-east-1 -o json"
            )
            {
                parts._organization,
                parts._allOrganizations,
                parts._provider,
                parts._owner,
                parts._state,
                parts._all,
                parts._sort.Option,
                ListOptions.NoHeaders,
                parts._watch,
            }.AsList(),
            parts.Run
        );
        command.Validators.Add(result =>
        {
            if (result.IsGiven(parts._allOrganizations) && result.IsGiven(parts._organization))
                result.AddError("--all-orgs cannot be combined with --org");
        });
        command.Aliases.Add("list");
        return command;
    }

    private Task<int> Run(Invocation run, CancellationToken ct) =>
        run.Line.GetValue(_watch)
            ? new Watch<Workspace>(run, View(run)).Run(
                new WatchedWorkspaces(run.Client, Filter(run), run.Time).Run(ct),
                ct
            )
            : List(run, ct);

    private async Task<int> List(Invocation run, CancellationToken ct)
    {
        var workspaces = await Pages.All<Workspace>(async token =>
        {
            var request = Request(run);
            request.PageToken = token;
            var page = await run.Client.Workspaces.ListWorkspacesAsync(request, cancellationToken: ct);
            return (page.Workspaces, page.NextPageToken);
        });
        workspaces = [.. _sort.Sorted(run.Line, workspaces)];
        if (run.WantsData)
            run.Data(Json.Of(workspaces));
        else if (workspaces.Count == 0)
            SayNone(run);
        else
            run.Table(Tabulate(workspaces, run.Time));
        return ExitCodes.Ok;
    }

    private void SayNone(Invocation run)
    {
        var request = Request(run);
        var ofDefault = request.Organization.Length > 0 && !run.Line.IsGiven(_organization);
        if (ofDefault)
            run.Output.Info(
                $"no workspaces match in organization \"{request.Organization}\" (from {run.DefaultOrganization!.Origin})",
                "tip: mesh workspaces ls --all-orgs"
            );
        else if (request.Equals(new ListWorkspacesRequest { PageSize = Pages.Size }))
            run.Output.Info("no workspaces found", "tip: mesh workspaces create NAME");
        else
            run.Output.Info("no workspaces match", "tip: mesh workspaces ls");
    }

    private ListWorkspacesRequest Request(Invocation run)
    {
        var (state, states) = run.Line.Values<WorkspaceState>(_state).OneOrSeveral();
        return new ListWorkspacesRequest
        {
            Organization = run.Line.GetValue(_allOrganizations) ? "" : run.Organization(_organization),
            Provider = run.Line.GetValue(_provider) ?? "",
            Owner = run.Line.GetValue(_owner) ?? "",
            State = state,
            States = { states },
            IncludeEnded = run.Line.GetValue(_all),
            PageSize = Pages.Size,
        };
    }

    private WatchWorkspacesRequest Filter(Invocation run)
    {
        var list = Request(run);
        return new WatchWorkspacesRequest
        {
            Organization = list.Organization,
            Provider = list.Provider,
            Owner = list.Owner,
            State = list.State,
            States = { list.States },
            IncludeEnded = list.IncludeEnded,
        };
    }

    private WatchView<Workspace> View(Invocation run) =>
        new(
            "workspace",
            w => w.Id,
            workspaces => _sort.Sorted(run.Line, workspaces),
            workspaces => Tabulate(workspaces, run.Time),
            ["NAME", "STATE", "PROVIDER", "ORGANIZATION", "OWNER", "IMAGE", "ID"],
            w =>
                [
                    w.Name,
                    WorkspaceText.StateAndDisk(w, run.Time, ages: false),
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
