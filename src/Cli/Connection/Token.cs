using System.Text;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The caller's token. Never taken from the command line, which other users can read.</summary>
/// <param name="Secret">Only used in the authorization header.</param>
/// <param name="Origin">A description of where it came from.</param>
/// <param name="File">The file that it came from, if any.</param>
internal sealed record Token(string Secret, string Origin, string? File)
{
    public const string Variable = "MESH_TOKEN";
    public const string FileVariable = "MESH_TOKEN_FILE";

    /// <summary>Limits what is read from a file that is not a token.</summary>
    public const int MaxLength = 4096;

    // The generated ToString would print the secret.
    public override string ToString() => $"token from {Origin}";

    public static Token Find(
        string? fileOption,
        Uri address,
        ContextChoice? context,
        string contextFile,
        Func<string, string?> env
    )
    {
        if (fileOption is not null)
            return FromFile(fileOption);
        var saved =
            context is { Context.Token: { } stored } && context.IsFor(address)
                ? new Token(Checked(stored, $"{context}"), $"{context}", contextFile)
                : null;
        if (saved is not null && context!.Origin == ContextOrigin.Option)
            return saved;
        if (env(Variable) is { } value && !string.IsNullOrWhiteSpace(value))
            return new Token(Checked(value, Variable), Variable, File: null);
        if (env(FileVariable) is { Length: > 0 } path)
            return FromFile(path, $"the file {path} ({FileVariable})");
        if (saved is not null)
            return saved;

        // The admin token of the control plane on this machine must not be sent elsewhere.
        var own = Path.Combine(Xdg.Data(env), "admin-token");
        return Address.IsLoopback(address) && System.IO.File.Exists(own)
            ? FromFile(own, $"the file {own}")
            : throw NoToken(address, context, own);
    }

    /// <summary>Reads the token from the file given by --token-file.</summary>
    public static Token FromFile(string path) => FromFile(path, $"the file {path} (--token-file)");

    /// <summary>Checks a token that was typed or piped in.</summary>
    /// <exception cref="CliException">It is not a valid token.</exception>
    public static Token FromInput(string text) => new(Checked(text, "stdin"), "stdin", File: null);

    private static Token FromFile(string path, string origin)
    {
        try
        {
            using var file = System.IO.File.OpenRead(path);
            var buffer = new byte[MaxLength + 1];
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (length > MaxLength)
                throw Unusable(origin, $"it is longer than {MaxLength} bytes");
            return new Token(Checked(Encoding.UTF8.GetString(buffer, 0, length), origin), origin, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(origin, e.Message);
        }
    }

    private static string Checked(string text, string origin)
    {
        var secret = text.Trim('\uFEFF', ' ', '\t', '\r', '\n');
        if (secret.Length == 0)
            throw Unusable(origin, "it is empty");
        if (!secret.All(c => c is > ' ' and < '\x7f'))
            throw Unusable(origin, "it contains characters that are not allowed in a token");
        // The agent reads the same variables.
        if (secret.StartsWith(TokenPrefix.Provider, StringComparison.Ordinal))
            throw Unusable(
                origin,
                "it is the token of a provider's agent; mesh needs an API token",
                origin.Contains(Variable, StringComparison.Ordinal)
                    ?
                    [
                        $"agents also read {Variable} and {FileVariable}: pass the agent its token file by --token-file instead",
                    ]
                    : []
            );
        return secret;
    }

    private static CliException Unusable(string origin, string why, params string[] tips) =>
        new(
            new Failure($"no usable token in {origin}", ExitCodes.NotPermitted)
            {
                Details = [$"cause: {why}"],
                Tips = [.. tips, Remedy],
            }
        );

    private static CliException NoToken(Uri address, ContextChoice? context, string own) =>
        new(
            new Failure("no token found", ExitCodes.NotPermitted)
            {
                Details =
                [
                    "checked --token-file: not given",
                    $"checked {Variable}: not set",
                    $"checked {FileVariable}: not set",
                    context switch
                    {
                        null => "checked the context: none is selected",
                        { Context.Token: null } => $"checked {context}: logged out",
                        _ => $"checked {context}: its token is for {Address.Origin(context.Context.Address)} only",
                    },
                    Address.IsLoopback(address)
                        ? $"checked {own}: no such file"
                        : $"skipped {own}: only used for a control plane on this machine, not for {address.Host}",
                ],
                Tips = [Remedy, $"then store it: mesh login {Address.Origin(address)}"],
            }
        );

    private const string Remedy =
        "run `mesh-control-plane admin-token` on a host that reaches the database to create an admin token";
}
