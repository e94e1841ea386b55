using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Listing;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tokens;

/// <summary>`mesh tokens ls`.</summary>
internal static class ListTokens
{
    public static Command Make(CliHost host)
    {
        var command = host.Calls(
            new MeshCommand(
                "ls",
                "List API tokens of users and services, oldest first. The secrets are not shown.",
                "mesh tokens ls",
                "mesh tokens ls -o json | jq -r '.[] | select(.current) | .id'"
            )
            {
                ListOptions.NoHeaders,
            }.AsList(OutputFormat.Id),
            Run
        );
        command.Aliases.Add("list");
        return command;
    }

    private static async Task<int> Run(Invocation run, CancellationToken ct)
    {
        var tokens = await Read(run, ct);
        if (run.WantsData)
            run.Data(Json.Of(tokens));
        else
            run.Table(Tabulate(tokens, run.Time));
        return ExitCodes.Ok;
    }

    public static Task<List<ApiToken>> Read(Invocation run, CancellationToken ct) =>
        Pages.All<ApiToken>(async page =>
        {
            var request = new ListTokensRequest { PageSize = Pages.Size, PageToken = page };
            var answer = await run.Client.Tokens.ListTokensAsync(request, cancellationToken: ct);
            return (answer.Tokens, answer.NextPageToken);
        });

    private static Table Tabulate(IEnumerable<ApiToken> tokens, TimeProvider time)
    {
        var table = new Table("ID", "USER", "NOTE", "AGE");
        foreach (var token in tokens)
            table.Add(
                token.Id,
                token.User,
                token.Current ? "used by this command" : Text.None,
                Text.Age(token.CreateTime, time)
            );
        return table;
    }
}
