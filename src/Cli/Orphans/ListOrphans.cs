using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Orphans;

/// <summary>`mesh providers orphans ls`.</summary>
internal static class ListOrphans
{
    public static Command Make(CliHost host)
    {
        var provider = OrphansCommand.Provider();
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List the orphans of a provider, as reported by the last snapshot of its agent.",
                "mesh providers orphans ls us-east-1",
                "mesh providers orphans ls us-east-1 -o id | xargs mesh providers orphans rm us-east-1 --yes"
            )
            {
                provider,
                ListOptions.NoHeaders,
            }.AsList(OutputFormat.Id),
            (run, ct) => Run(run, run.Line.GetRequiredValue(provider), ct)
        );
        command.Aliases.Add("list");
        return command;
    }

    private static async Task<int> Run(Invocation run, string provider, CancellationToken ct)
    {
        var (orphans, unlisted) = await Read(run, provider, ct);
        if (run.WantsData)
            run.Data(Json.Of(orphans));
        else if (orphans.Count > 0)
            run.Table(Tabulate(orphans, run.Time));
        else
            run.Output.Info($"provider \"{provider}\" has no orphans");
        if (unlisted > 0)
            run.Output.Warning(
                $"{unlisted} more orphans are not listed",
                "they are listed after the agent's next snapshot, once these are adopted or removed"
            );
        return ExitCodes.Ok;
    }

    /// <returns>The listed orphans, and the number of those that are not listed.</returns>
    public static async Task<(List<Orphan> Orphans, int Unlisted)> Read(
        Invocation run,
        string provider,
        CancellationToken ct
    )
    {
        var unlisted = 0;
        var orphans = await Pages.All<Orphan>(async token =>
        {
            var request = new ListOrphansRequest
            {
                Provider = provider,
                PageSize = Pages.Size,
                PageToken = token,
            };
            var page = await run.Client.Providers.ListOrphansAsync(request, cancellationToken: ct);
            unlisted = page.Unlisted;
            return (page.Orphans, page.NextPageToken);
        });
        return (orphans, unlisted);
    }

    private static Table Tabulate(IEnumerable<Orphan> orphans, TimeProvider time)
    {
        var table = new Table("ID", "NAME", "STATE", "IMAGE", "CPU", "MEMORY", "DISK", "GENERATION", "SEEN")
        {
            LeftOutFirst = ["GENERATION", "CPU", "MEMORY", "SEEN"],
        };
        foreach (var o in orphans)
            table.Add(
                o.WorkspaceId,
                Text.OrNone(o.Name),
                Text.Word(o.State),
                Text.OrNone(o.Spec?.Image ?? ""),
                Text.OrNone(o.Spec?.Cpu ?? ""),
                Text.OrNone(o.Spec?.Memory ?? ""),
                Text.OrNone(o.Spec?.Disk ?? ""),
                o.Generation.ToString(CultureInfo.InvariantCulture),
                Text.Age(o.LastSeenTime, time)
            );
        return table;
    }
}
