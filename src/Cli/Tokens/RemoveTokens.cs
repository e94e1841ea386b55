using System.CommandLine;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tokens;

/// <summary>`mesh tokens rm`.</summary>
internal static class RemoveTokens
{
    public static Command Make(CliHost host)
    {
        var ids = new Argument<string[]>("token-id")
        {
            Description = "Ids of the tokens, as `mesh tokens ls` lists them",
            Arity = ArgumentArity.OneOrMore,
        };
        var yes = Confirmation.YesOption();
        var command = host.Calls(
            new MeshCommand(
                "rm",
                "Revoke tokens. Calls with them are refused at once. The token that this command uses can't be revoked by it.",
                "mesh tokens rm 0198c1e2000070008000000000000001",
                "mesh tokens rm 0198c1e2000070008000000000000001 --yes"
            )
            {
                ids,
                yes,
            },
            (run, ct) => Run(run, run.Line.GetRequiredValue(ids), run.Line.GetValue(yes), ct)
        );
        command.Aliases.Add("delete");
        command.Aliases.Add("revoke");
        return command;
    }

    private static Task<int> Run(Invocation run, string[] ids, bool yes, CancellationToken ct) =>
        Batch.Remove(
            run,
            "token",
            ids,
            yes,
            "; whoever uses such a token is no longer let in",
            async id =>
                await run.Client.Tokens.DeleteTokenAsync(
                    new DeleteTokenRequest { TokenId = id },
                    cancellationToken: ct
                ),
            ct
        );
}
