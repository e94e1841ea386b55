using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>`mesh workspaces timeline`.</summary>
internal static class ShowTimeline
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One(
            "Name of one of your workspaces, or any id; workspaces that have ended are found by id only"
        );
        var scope = new ScopeOptions();
        var command = new MeshCommand(
            "timeline",
            "Show the timeline of a workspace, oldest first: each change, who requested it, and what followed in the cluster.",
            "mesh workspaces timeline dev",
            "mesh workspaces timeline dev -o json | jq -r '.[] | select(.entry.code != \"\") | .entry.message'"
        )
        {
            name,
        };
        foreach (var option in scope.All)
            command.Add(option);
        command.Add(ListOptions.NoHeaders);
        return host.Calls(command, (run, ct) => Run(run, run.Line.GetRequiredValue(name), scope.Of(run), ct));
    }

    private static async Task<int> Run(Invocation run, string name, Scope scope, CancellationToken ct)
    {
        var request = new ListTimelineRequest
        {
            Workspace = name,
            Organization = scope.Organization,
            Owner = scope.Owner,
        };
        var items = await Read(run, request, ct);
        if (run.WantsData)
            run.Data(Json.Of(items));
        else
            run.Table(Tabulate(items));
        return ExitCodes.Ok;
    }

    /// <summary>Reads all pages of a timeline.</summary>
    public static Task<List<TimelineItem>> Read(Invocation run, ListTimelineRequest request, CancellationToken ct) =>
        Pages.All<TimelineItem>(async token =>
        {
            (request.PageSize, request.PageToken) = (Pages.Size, token);
            var page = await run.Client.Workspaces.ListTimelineAsync(request, cancellationToken: ct);
            return (page.Items, page.NextPageToken);
        });

    private static Table Tabulate(IEnumerable<TimelineItem> items)
    {
        var table = new Table("TIME", "GEN", "WHO", "WHAT", "MESSAGE") { LeftOutFirst = ["GEN"] };
        foreach (var item in items)
            table.Add(
                Text.Instant(item.Entry.Time),
                item.Generation.ToString(CultureInfo.InvariantCulture),
                TimelineText.Who(item),
                TimelineText.What(item.Entry),
                Text.OrNone(item.Entry.Message)
            );
        return table;
    }
}
