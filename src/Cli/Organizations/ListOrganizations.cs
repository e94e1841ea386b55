using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Organizations;

/// <summary>`mesh orgs ls`.</summary>
internal static class ListOrganizations
{
    public static Command Make(CliHost host)
    {
        var provider = new Option<string>("--provider")
        {
            Description = "Only those that may use this provider, by name or id",
            HelpName = "provider",
        };
        var sort = new SortOption<Organization>(
            "name",
            ("name", SortOption<Organization>.By(o => o.Name)),
            ("providers", SortOption<Organization>.By(o => o.ProviderCount)),
            ("workspaces", SortOption<Organization>.By(o => o.UnfinishedWorkspaces)),
            ("created", SortOption<Organization>.By(o => o.CreateTime))
        );
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List organizations with the providers that each may use.",
                "mesh orgs ls",
                "mesh orgs ls --provider us-east-1"
            )
            {
                provider,
                sort.Option,
                ListOptions.NoHeaders,
            }.AsList(),
            (run, ct) => Run(run, run.Line.GetValue(provider) ?? "", sort, ct)
        );
        command.Aliases.Add("list");
        return command;
    }

    private static async Task<int> Run(
        Invocation run,
        string provider,
        SortOption<Organization> sort,
        CancellationToken ct
    )
    {
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
        organizations = [.. sort.Sorted(run.Line, organizations)];
        if (run.WantsData)
            run.Data(Json.Of(organizations));
        else if (organizations.Count > 0)
            run.Table(Tabulate(organizations, run.Time));
        else if (provider.Length > 0)
            run.Output.Info(
                "there are no organizations that may use it",
                $"tip: mesh orgs allow ORGANIZATION {provider}"
            );
        else
            run.Output.Info("there are no organizations", "tip: mesh orgs create NAME");
        return ExitCodes.Ok;
    }

    private static Table Tabulate(IEnumerable<Organization> organizations, TimeProvider time)
    {
        var table = new Table("NAME", "PROVIDERS", "WORKSPACES", "AGE", "ID")
        {
            LeftOutFirst = ["ID", "WORKSPACES", "AGE"],
        };
        foreach (var o in organizations)
            table.Add(
                o.Name,
                OrganizationText.Providers(o),
                o.UnfinishedWorkspaces.ToString(CultureInfo.InvariantCulture),
                Text.Age(o.CreateTime, time),
                o.Id
            );
        return table;
    }
}
