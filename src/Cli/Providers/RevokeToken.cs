using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers revoke-token`.</summary>
internal static class RevokeToken
{
    public static Command Make(CliHost host)
    {
        var name = Arguments.One("Name or id of the provider");
        var id = new Argument<string>("token-id")
        {
            Description = "Id of the token, as listed by `mesh providers show NAME`",
        };
        var yes = YesOption.Make();
        return host.Calls(
            new MeshCommand(
                "revoke-token",
                "Revoke an agent's token. An agent that uses it is disconnected.",
                "mesh providers revoke-token us-east-1 0198c1e0000070008000000000000001",
                "mesh providers revoke-token us-east-1 0198c1e0000070008000000000000001 --yes"
            )
            {
                name,
                id,
                yes,
            },
            (run, ct) =>
                Run(run, run.Line.GetRequiredValue(name), run.Line.GetRequiredValue(id), run.Line.GetValue(yes), ct)
        );
    }

    private static async Task<int> Run(Invocation run, string name, string id, bool yes, CancellationToken ct)
    {
        if (!yes && run.Prompt.Possible)
            Check(await run.GetProvider(name, ct), id);
        await Confirmation.Removal(
            run.Output,
            run.Prompt,
            yes,
            $"token {id} of provider \"{name}\" will be revoked: an agent that uses it is disconnected, and cannot attach with it again",
            ct
        );
        var request = new RevokeTokenRequest { Provider = name, TokenId = id };
        var provider = (await run.Client.Providers.RevokeTokenAsync(request, cancellationToken: ct)).Provider;
        run.Output.Success($"token/{id} revoked: agents can no longer attach to provider {provider.Name} with it");
        if (provider.Tokens.Count == 0)
            run.Output.Warning(
                $"provider \"{provider.Name}\" has no tokens left: no agent can attach",
                $"tip: mesh providers rotate-token {provider.Name}"
            );
        run.ShowAsData(provider);
        return ExitCodes.Ok;
    }

    private static void Check(Provider provider, string id)
    {
        if (provider.Tokens.All(t => t.Id != id))
            throw new CliException(
                new Failure($"provider \"{provider.Name}\" has no valid token {id}", ExitCodes.NotFound)
                {
                    Reason = ErrorReasons.ProviderTokenNotFound,
                    Tips = [$"`mesh providers show {provider.Name}` lists its tokens"],
                }
            );
    }
}
