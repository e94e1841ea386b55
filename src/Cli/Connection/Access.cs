using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;

namespace Coder.Mesh.Cli.Connection;

/// <summary>Which control plane a command calls and with which token: by options, environment, context, and default, in this order.</summary>
/// <param name="Target">Where calls go.</param>
/// <param name="Token">As whom.</param>
/// <param name="Context">Null where no context has a say.</param>
/// <param name="Organization">Which organization is meant where none is named; null if nothing says it.</param>
internal sealed record Access(
    ControlPlane Target,
    Token Token,
    ContextChoice? Context,
    DefaultOrganization? Organization
)
{
    public static Access Find(ParseResult line, ConfigFile file, Func<string, string?> env)
    {
        var context = Choose(line, file, env);
        var (address, origin) = Address.Resolve(line.GetValue(ConnectionOptions.Address), context, env);
        var token = Token.Find(line.GetValue(ConnectionOptions.TokenFile), address, context, file.Path, env);
        var used = origin == context?.ToString() || token.Origin == context?.ToString() ? context : null;
        return new Access(
            new ControlPlane(
                address,
                origin,
                token.Origin,
                line.Duration(ConnectionOptions.RequestTimeout, ConnectionOptions.DefaultRequestTimeout)
            ),
            token,
            used,
            DefaultOrganization.Of(context, address, env)
        );
    }

    // A file that nothing is wanted from can't stand in the way.
    private static ContextChoice? Choose(ParseResult line, ConfigFile file, Func<string, string?> env)
    {
        var name = line.GetValue(ConnectionOptions.Context);
        var addressGiven = line.IsGiven(ConnectionOptions.Address) || IsSet(Address.Variable);
        var tokenGiven =
            line.IsGiven(ConnectionOptions.TokenFile) || IsSet(Token.Variable) || IsSet(Token.FileVariable);
        var settled = name is null && !IsSet(ContextChoice.Variable) && addressGiven && tokenGiven;
        return settled ? null : ContextChoice.Of(name, env, file.Read());

        bool IsSet(string variable) => !string.IsNullOrWhiteSpace(env(variable));
    }
}
