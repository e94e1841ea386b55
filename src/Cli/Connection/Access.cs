using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;

namespace Coder.Mesh.Cli.Connection;

/// <summary>
/// The control plane that a command calls, and its token: from options, the environment, the context or defaults, in
/// this order.
/// </summary>
/// <param name="Target">The control plane.</param>
/// <param name="Token">The token of the caller.</param>
/// <param name="Context">Null if neither address nor token come from a context.</param>
/// <param name="Organization">The default organization; null if there is none.</param>
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

    // An unreadable file must not fail a command that does not need it.
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
