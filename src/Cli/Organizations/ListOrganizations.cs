using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Cli.Watching;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs ls`.</summary>
internal sealed class ListOrganizations
{
    private readonly Option<string> _provider = new("--provider")
    {
        Description = "Only organizations that can use this provider (name or id)",
        HelpName = "provider",
    };
    private readonly SortOption<Organization> _sort = new(
        "name",
        ("name", SortOption<Organization>.By(o => o.Name)),
        ("providers", SortOption<Organization>.By(o => o.ProviderCount)),
        ("workspaces", SortOption<Organization>.By(o => o.UnfinishedWorkspaces)),
        ("created", SortOption<Organization>.By(o => o.CreateTime))
    );
    private readonly Option<bool> _watch = WatchOption.Make();

    public static Command Make(CliHost host)
    {
        var parts = new ListOrganizations();
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List organizations and the providers that each can use.",
                "mesh orgs ls",
                "mesh orgs ls --provider us-east-1",
                "mesh orgs ls --watch"
            )
            {
                parts._provider,
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
            ? new Watch<Organization>(run, View(run)).Run(
                run.Client.WatchAsync(new WatchOrganizationsRequest { Provider = Provider(run) }, ct),
                ct
            )
            : List(run, ct);

    private async Task<int> List(Invocation run, CancellationToken ct)
    {
        var provider = Provider(run);
        var organizations = await Pages.All<Organization>(async token =>
        {
            var request = new ListOrganizationsRequest
            {
                Provider = provider,
                PageSize = Pages.Size,
                PageToken = token,
            };
            var page = await run.Client.Organizations.ListOrganizationsAsync(request, cancellationToken: ct);
            return (page.Organizations, page.NextPageToken);
        });
        organizations = [.. _sort.Sorted(run.Line, organizations)];
        if (run.WantsData)
            run.Data(Json.Of(organizations));
        else if (organizations.Count > 0)
            run.Table(Tabulate(organizations, run.Time));
        else if (provider.Length > 0)
            run.Output.Info(
                $"no organizations can use provider \"{provider}\"",
                $"tip: mesh orgs allow ORGANIZATION {provider}"
            );
        else
            run.Output.Info("no organizations found", "tip: mesh orgs create NAME");
        return ExitCodes.Ok;
    }

    private string Provider(Invocation run) => run.Line.GetValue(_provider) ?? "";

    private WatchView<Organization> View(Invocation run) =>
        new(
            "organization",
            o => o.Id,
            organizations => _sort.Sorted(run.Line, organizations),
            organizations => Tabulate(organizations, run.Time),
            ["NAME", "PROVIDERS", "WORKSPACES", "ID"],
            o => [o.Name, OrganizationText.Providers(o), Workspaces(o), o.Id]
        );

    private static Table Tabulate(IEnumerable<Organization> organizations, TimeProvider time)
    {
        var table = new Table("NAME", "PROVIDERS", "WORKSPACES", "AGE", "ID")
        {
            LeftOutFirst = ["ID", "WORKSPACES", "AGE"],
        };
        foreach (var o in organizations)
            table.Add(o.Name, OrganizationText.Providers(o), Workspaces(o), Text.Age(o.CreateTime, time), o.Id);
        return table;
    }

    private static string Workspaces(Organization o) => o.UnfinishedWorkspaces.ToString(CultureInfo.InvariantCulture);
}
