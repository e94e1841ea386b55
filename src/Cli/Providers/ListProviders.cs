using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Watching;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers ls`.</summary>
internal sealed class ListProviders
{
    private readonly Option<string> _organization = new("--org")
    {
        Description = "Only providers that this organization can use (name or id)",
        HelpName = "org",
    };
    private readonly Option<string> _region = new("--region")
    {
        Description = "Only providers in this region",
        HelpName = "region",
    };
    private readonly Option<string[]> _status = ListOptions.Words(
        "--status",
        "Only providers with this status",
        ProviderStatus.Pending,
        ProviderStatus.Ready,
        ProviderStatus.Error
    );
    private readonly Option<bool> _cordoned = new("--cordoned")
    {
        Description = "Only cordoned providers; with =false only those that are not",
        HelpName = "true|false",
    };
    private readonly Option<bool> _all = new("--all") { Description = "Include deleted and forgotten providers" };
    private readonly SortOption<Provider> _sort = new(
        "name",
        ("name", SortOption<Provider>.By(p => p.Name)),
        ("status", SortOption<Provider>.By(ProviderText.Status)),
        ("kind", SortOption<Provider>.By(p => Text.Word(p.Kind))),
        ("region", SortOption<Provider>.By(p => p.Details?.Region ?? "")),
        ("workspaces", SortOption<Provider>.By(p => p.UnfinishedWorkspaces)),
        ("created", SortOption<Provider>.By(p => p.CreateTime))
    );
    private readonly Option<bool> _watch = WatchOption.Make();

    public static Command Make(CliHost host)
    {
        var parts = new ListProviders();
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List providers with their status.",
                "mesh providers ls",
                "mesh providers ls --org acme --status ready --cordoned=false",
                "mesh providers ls --status pending,error --sort-by region",
                "mesh providers ls --all",
                "mesh providers ls --watch",
                "mesh providers ls -o json | jq -r '.[] | select(.status != \"PROVIDER_STATUS_READY\") | .name'"
            )
            {
                parts._organization,
                parts._region,
                parts._status,
                parts._cordoned,
                parts._all,
                parts._sort.Option,
                ListOptions.NoHeaders,
                parts._watch,
            }.AsList(),
            parts.Run
        );
        command.Aliases.Add("list");
        return command;
    }

    private Task<int> Run(Invocation run, CancellationToken ct) =>
        run.Line.GetValue(_watch)
            ? new Watch<Provider>(run, View(run)).Run(run.Client.WatchAsync(Filter(run.Line), ct), ct)
            : List(run, ct);

    private async Task<int> List(Invocation run, CancellationToken ct)
    {
        var providers = await Pages.All<Provider>(async token =>
        {
            var request = Request(run.Line);
            request.PageToken = token;
            var page = await run.Client.Providers.ListProvidersAsync(request, cancellationToken: ct);
            return (page.Providers, page.NextPageToken);
        });
        providers = [.. _sort.Sorted(run.Line, providers)];
        if (run.WantsData)
            run.Data(Json.Of(providers));
        else if (providers.Count > 0)
            run.Table(Tabulate(providers, run.Time, run.Line.GetValue(_all)));
        else if (Request(run.Line).Equals(new ListProvidersRequest { PageSize = Pages.Size }))
            run.Output.Info("no providers found", "tip: mesh providers create NAME");
        else
            run.Output.Info("no providers match", "tip: mesh providers ls");
        return ExitCodes.Ok;
    }

    private ListProvidersRequest Request(ParseResult line)
    {
        var (status, statuses) = line.Values<ProviderStatus>(_status).OneOrSeveral();
        var request = new ListProvidersRequest
        {
            Organization = line.GetValue(_organization) ?? "",
            Region = line.GetValue(_region) ?? "",
            Status = status,
            Statuses = { statuses },
            IncludeDeleted = line.GetValue(_all),
            PageSize = Pages.Size,
        };
        if (line.IsGiven(_cordoned))
            request.Cordoned = line.GetValue(_cordoned);
        return request;
    }

    private WatchProvidersRequest Filter(ParseResult line)
    {
        var list = Request(line);
        if (list.Organization.Length > 0)
            throw new CliException(
                new Failure(
                    "--watch cannot be combined with --org: a watch cannot be filtered by organization",
                    ExitCodes.Usage
                )
                {
                    Tips = ["mesh providers ls --watch"],
                }
            );
        var filter = new WatchProvidersRequest
        {
            Region = list.Region,
            Status = list.Status,
            Statuses = { list.Statuses },
            IncludeDeleted = list.IncludeDeleted,
        };
        if (list.HasCordoned)
            filter.Cordoned = list.Cordoned;
        return filter;
    }

    private WatchView<Provider> View(Invocation run) =>
        new(
            "provider",
            p => p.Id,
            providers => _sort.Sorted(run.Line, providers),
            providers => Tabulate(providers, run.Time, run.Line.GetValue(_all)),
            ["NAME", "STATUS", "NOTE", "KIND", "REGION", "WORKSPACES"],
            p =>
                [
                    p.Name,
                    ProviderText.Status(p),
                    ProviderText.Note(p),
                    Text.Word(p.Kind),
                    Text.OrNone(p.Details?.Region),
                    ProviderText.Load(p),
                ]
        );

    /// <param name="ids">Whether to show ids: deleted providers may share a name, and are found by id only.</param>
    private static Table Tabulate(IEnumerable<Provider> providers, TimeProvider time, bool ids)
    {
        string[] headers = ["NAME", "STATUS", "NOTE", "KIND", "REGION", "WORKSPACES", "AGENT", "AGE"];
        var table = new Table([.. headers, .. ids ? ["ID"] : Array.Empty<string>()])
        {
            LeftOutFirst = ["KIND", "REGION", "AGENT", "AGE"],
        };
        foreach (var p in providers)
        {
            string[] cells =
            [
                p.Name,
                ProviderText.Status(p),
                ProviderText.Note(p),
                Text.Word(p.Kind),
                Text.OrNone(p.Details?.Region),
                ProviderText.Load(p),
                ProviderText.Agent(p.Agent, time),
                Text.Age(p.CreateTime, time),
            ];
            table.Add(ids ? [.. cells, p.Id] : cells);
        }
        return table;
    }
}
