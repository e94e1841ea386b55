using System.CommandLine;
using System.Globalization;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers ls`.</summary>
internal static class ListProviders
{
    public static Command Make(CliHost host)
    {
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List all providers with their status.",
                "mesh providers ls",
                "mesh providers ls -o json | jq -r '.[] | select(.status != \"PROVIDER_STATUS_READY\") | .name'"
            ),
            Run
        );
        command.Aliases.Add("list");
        return command;
    }

    private static async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var providers = await Pages.All<Provider>(async token =>
        {
            var page = await run.Client.Providers.ListProvidersAsync(
                new ListProvidersRequest { PageSize = Pages.Size, PageToken = token },
                cancellationToken: ct
            );
            return (page.Providers, page.NextPageToken);
        });
        if (run.Json)
            run.Output.Json(Json.Of(providers));
        else if (providers.Count == 0)
            run.Output.Info("there are no providers", "tip: mesh providers create NAME");
        else
            run.Output.Table(Tabulate(providers, run.Time));
        return ExitCodes.Ok;
    }

    private static Table Tabulate(IEnumerable<Provider> providers, TimeProvider time)
    {
        var table = new Table("NAME", "STATUS", "DEFAULT", "KIND", "REGION", "WORKSPACES", "AGENT", "AGE")
        {
            LeftOutFirst = ["KIND", "REGION", "AGENT"],
        };
        foreach (var p in providers)
            table.Add(
                p.Name,
                ProviderText.Status(p),
                p.IsDefault ? "yes" : Text.None,
                Text.Word(p.Kind),
                Text.OrNone(p.Details?.Region),
                p.UnfinishedWorkspaces.ToString(CultureInfo.InvariantCulture),
                ProviderText.Agent(p.Agent, time),
                Text.Age(p.CreateTime, time)
            );
        return table;
    }
}
