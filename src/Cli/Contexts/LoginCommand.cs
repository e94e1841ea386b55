using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Commands;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Contexts;

/// <summary>`mesh login`.</summary>
internal static class LoginCommand
{
    public static Command Make(CliHost host)
    {
        var address = new Argument<string>("address")
        {
            Description =
                "The control plane's gRPC port, as https://host:port [default: the address of the context, if it exists]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        return host.Runs(
            new MeshCommand(
                "login",
                "Log in to a control plane: store its address and a token as a context, and make it the current one. The token is prompted for, or read from stdin or --token-file.",
                "mesh login https://mesh.example.com",
                "mesh login https://mesh.example.com --context prod --token-file prod.token",
                "pass show mesh/prod | mesh login https://mesh.example.com --context prod"
            )
            {
                address,
            },
            (line, ct) => Run(host, line, line.GetValue(address) ?? line.GetValue(ConnectionOptions.Address), ct)
        );
    }

    private static async Task<int> Run(CliHost host, ParseResult line, string? given, CancellationToken ct)
    {
        // Checked before the user enters a secret.
        var known = host.Contexts.Read();
        var named = line.GetValue(ConnectionOptions.Context) ?? NonEmpty(host.Env(ContextChoice.Variable));
        var address = Where(host, known, named, given);
        var name = Checked(named ?? ByAddress(address));
        var token = line.GetValue(ConnectionOptions.TokenFile) is { } file
            ? Token.FromFile(file)
            : Token.FromInput(await host.Prompt.Secret($"Token for {Address.Origin(address)}:", Token.MaxLength, ct));

        var target = new ControlPlane(
            address,
            "the command line",
            token.Origin,
            line.Duration(ConnectionOptions.RequestTimeout, ConnectionOptions.DefaultRequestTimeout)
        );
        return await host.Call(
            target,
            token,
            line,
            async (run, stop) =>
            {
                var answer = await run.Client.Deployment.GetDeploymentAsync(new(), cancellationToken: stop);
                var caller = await run.FindCaller(stop);
                await host.Contexts.Change(config => Saved(config, name, address, token.Secret), stop);
                run.Output.Success(
                    $"context/{name} saved: logged in to {target.Origin}{(caller is null ? "" : $" as {caller.User}")}",
                    $"control plane version: {Text.ShortCommits(answer.Deployment.Version)}",
                    "it is the current context",
                    $"its token is stored in {host.Contexts.Path}"
                );
                return ExitCodes.Ok;
            },
            ct
        );
    }

    private static Uri Where(CliHost host, Config known, string? named, string? given) =>
        given is not null ? Address.Checked(given, "the command line", host.Env)
        : named is not null ? Address.Checked(Address.Origin(known.Get(named, "--context").Address), named, host.Env)
        : throw new CliException(
            new Failure("no control plane specified", ExitCodes.Usage)
            {
                Tips = ["mesh login https://mesh.example.com", "or use an existing context: mesh login --context NAME"],
            }
        );

    private static Config Saved(Config config, string name, Uri address, string token)
    {
        var context = config.Contexts.TryGetValue(name, out var before)
            ? before with
            {
                Address = address,
                Token = token,
            }
            : new SavedContext { Address = address, Token = token };
        return config.With(name, context) with { Current = name };
    }

    private static string ByAddress(Uri address) => address.IsDefaultPort ? address.Host : address.Authority;

    private static string Checked(string name) =>
        name.Length is > 0 and <= 100
        && name[0] != '-'
        && name.All(c => c is > ' ' and < '\x7f' and not ('"' or '\'' or ','))
            ? name
            : throw new CliException(
                new Failure("--context: not a valid context name", ExitCodes.Usage)
                {
                    Tips = ["a name has up to 100 ASCII characters, without spaces, quotes and commas, such as prod"],
                }
            );

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
