using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>`mesh providers rotate-token`.</summary>
internal sealed class RotateToken
{
    private readonly Argument<string> _name = Arguments.One("Name or id of the provider");
    private readonly Option<string> _tokenOut = ProviderOptions.TokenOut();

    public static Command Make(CliHost host)
    {
        var parts = new RotateToken();
        return host.Calls(
            new MeshCommand(
                "rotate-token",
                "Create another token for a provider's agent. The previous one stays valid until it is revoked; a third replaces one that is not in use.",
                "mesh providers rotate-token us-east-1 --token-out us-east-1.new-token",
                "mesh providers rotate-token us-east-1 -o json | jq -r .token > us-east-1.new-token"
            )
            {
                parts._name,
                parts._tokenOut,
            },
            parts.Run
        );
    }

    private async Task<int> Run(Invocation run, CancellationToken ct)
    {
        using var file = run.Line.GetValue(_tokenOut) is { } path ? SecretFile.Create(path) : null;
        var before = await run.GetProvider(run.Line.GetRequiredValue(_name), ct);
        var request = new RotateTokenRequest { Provider = before.Id };
        var answer = await run.Client.Providers.RotateTokenAsync(request, cancellationToken: ct);

        var provider = answer.Provider;
        run.Output.Success($"token/{answer.TokenId} created: agents can attach to provider {provider.Name} with it");
        foreach (var gone in before.Tokens.Where(t => provider.Tokens.All(left => left.Id != t.Id)))
            run.Output.Warning(
                $"token/{gone.Id} revoked ({Use(gone)}): a provider can have two tokens",
                "an agent with this token can no longer attach"
            );
        var token = NewToken.Keep(file, answer.Token, provider.Name, run.Output);
        if (run.WantsData)
            run.Data(token.AsJson(answer));
        else
            Show(run, answer, token);
        return ExitCodes.Ok;
    }

    private static void Show(Invocation run, RotateTokenResponse answer, NewToken token)
    {
        var provider = answer.Provider;
        var where = Text.OrNone(provider.Agent?.Namespace) is var used and not Text.None
            ? used
            : NextSteps.DefaultNamespace;
        run.Output.Lines(new NextSteps(provider.Name, where, token, run.Target.Address).Replace(provider));
        var older = provider.Tokens.Where(t => t.Id != answer.TokenId).ToList();
        if (older.Count == 0)
            return;

        run.Output.Lines(
            "",
            "2. The old token is still valid. Once the agent has attached with the new one (column \"USED\" of",
            $"   `mesh providers show {Shell.Quote(provider.Name)}`), revoke it:",
            ""
        );
        foreach (var old in older)
            run.Output.Lines(
                $"    mesh providers revoke-token {Shell.Quote(provider.Name)} {Shell.Quote(old.Id)}   # issued {Text.Age(old.IssueTime, run.Time)} ago, {Use(old)}"
            );
    }

    private static string Use(ProviderToken token) =>
        token.InUse ? "in use"
        : token.Used ? "used earlier"
        : "never used";
}
