using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers history`.</summary>
internal sealed class ShowHistory
{
    private const int DefaultLimit = 50;

    private readonly Argument<string> _name = Arguments.One(
        "Name or id of the provider; a deleted one is found by id only"
    );
    private readonly Option<int> _limit = new("--limit", "-n")
    {
        Description = "Number of entries; the newest are shown",
        HelpName = "number",
        DefaultValueFactory = _ => DefaultLimit,
        CustomParser = Counts.AtLeast(1),
    };

    public static Command Make(CliHost host)
    {
        var parts = new ShowHistory();
        return host.Calls(
            new MeshCommand(
                "history",
                "Show the history of a provider, oldest first: changes by users, and the state of its agent.",
                "mesh providers history us-east-1",
                "mesh providers history us-east-1 --limit 1000 -o json | jq -r '.[] | select(.actor == \"admin\") | .summary'"
            )
            {
                parts._name,
                parts._limit,
                ListOptions.NoHeaders,
            },
            parts.Run
        );
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var name = run.Line.GetRequiredValue(_name);
        var limit = run.Line.GetValue(_limit);
        var (entries, more) = await Pages.First<HistoryEntry>(
            limit,
            async (size, token) =>
            {
                var request = new ListHistoryRequest
                {
                    Provider = name,
                    PageSize = size,
                    PageToken = token,
                };
                var page = await run.Client.Providers.ListHistoryAsync(request, cancellationToken: ct);
                return (page.Entries, page.NextPageToken);
            }
        );
        // The control plane lists the newest first; a log is read from top to bottom.
        entries.Reverse();
        if (run.WantsData)
            run.Data(Json.Of(entries));
        else if (entries.Count > 0)
            run.Table(Tabulate(entries));
        if (more)
            run.Output.Info(
                $"only the newest {entries.Count} entries are shown",
                $"tip: mesh providers history {name} --limit {Math.Min(limit * 10L, int.MaxValue)}"
            );
        return ExitCodes.Ok;
    }

    private static Table Tabulate(IEnumerable<HistoryEntry> entries)
    {
        // The stored type is for programs, which find it in JSON.
        var table = new Table("TIME", "WHO", "WHAT");
        foreach (var e in entries)
            table.Add(
                Text.Instant(e.Time),
                ActorText.Who(e.ActorKind, e.Actor),
                Text.OrNone(Text.ShortCommits(e.Summary))
            );
        return table;
    }
}
