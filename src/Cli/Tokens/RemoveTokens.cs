using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Tokens;

/// <summary>`mesh tokens rm`.</summary>
internal static class RemoveTokens
{
    public static Command Make(CliHost host)
    {
        var ids = new Argument<string[]>("token-id")
        {
            Description = "Ids of the tokens, as listed by `mesh tokens ls`",
            Arity = ArgumentArity.OneOrMore,
        };
        var yes = YesOption.Make();
        var command = host.Calls(
            new MeshCommand(
                "rm",
                "Revoke API tokens. Calls with them are refused from then on. The token of this command cannot be revoked by it.",
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

    private static Failure? Refusal(string id, IEnumerable<ApiToken> tokens) =>
        tokens.FirstOrDefault(t => t.Id == id) switch
        {
            null => new Failure($"token \"{id}\" not found, or already revoked", ExitCodes.NotFound)
            {
                Reason = ErrorReasons.TokenNotFound,
                Tips = ["`mesh tokens ls` lists tokens"],
            },
            { Current: true } => new Failure($"token \"{id}\" is used by this command", ExitCodes.Refused)
            {
                Reason = ErrorReasons.TokenInUse,
                Tips = ["use another one with --token-file or --context"],
            },
            _ => null,
        };

    private static async Task<int> Run(Invocation run, string[] ids, bool yes, CancellationToken ct)
    {
        var tokens = yes || !run.Prompt.Possible ? [] : await ListTokens.Read(run, ct);
        return await Batch.Remove(
            run,
            "token",
            ids,
            yes,
            "; users lose access",
            id => Task.FromResult(Refusal(id, tokens)),
            async id =>
                await run.Client.Tokens.DeleteTokenAsync(
                    new DeleteTokenRequest { TokenId = id },
                    cancellationToken: ct
                ),
            ct
        );
    }
}
