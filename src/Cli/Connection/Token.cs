using System.Text;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The caller's token: from MESH_TOKEN or a file, never from the command line, where others could read it.</summary>
/// <param name="Secret">Goes into the authorization header and nowhere else.</param>
/// <param name="Origin">Where it came from, in words.</param>
/// <param name="File">The file that it came from, if any.</param>
internal sealed record Token(string Secret, string Origin, string? File)
{
    public const string Variable = "MESH_TOKEN";
    public const string FileVariable = "MESH_TOKEN_FILE";

    /// <summary>Far more than any token needs; a wrong path must not read a disk into memory.</summary>
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

        // The admin token of this machine's control plane is no other server's business.
        var own = Path.Combine(Xdg.Data(env), "admin-token");
        return Address.IsLoopback(address) && System.IO.File.Exists(own)
            ? FromFile(own, $"the file {own}")
            : throw NoToken(address, context, own);
    }

    /// <summary>The token in the file that the option --token-file names.</summary>
    public static Token FromFile(string path) => FromFile(path, $"the file {path} (--token-file)");

    /// <summary>The token that somebody typed or piped in.</summary>
    /// <exception cref="CliException">It is none.</exception>
    public static Token Told(string text) => new(Checked(text, "stdin"), "stdin", File: null);

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
            throw Unusable(origin, "it holds characters that no token has");
        // Both programs read the same variables.
        if (secret.StartsWith(TokenPrefix.Provider, StringComparison.Ordinal))
            throw Unusable(
                origin,
                "it is the token of a provider's agent; mesh needs an API token",
                origin.Contains(Variable, StringComparison.Ordinal)
                    ? [$"agents read {Variable} and {FileVariable} too: give an agent its file by --token-file instead"]
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
                    "looked at: --token-file: not given",
                    $"looked at: {Variable}: not set",
                    $"looked at: {FileVariable}: not set",
                    context switch
                    {
                        null => "looked at: context: none is chosen",
                        { Context.Token: null } => $"looked at: {context}: logged out",
                        _ => $"looked at: {context}: its token is for {Address.Origin(context.Context.Address)} only",
                    },
                    Address.IsLoopback(address)
                        ? $"looked at: {own}: no such file"
                        : $"looked at: {own} is only read for a control plane on this machine, not for {address.Host}",
                ],
                Tips = [Remedy, $"then keep it: mesh login {Address.Origin(address)}"],
            }
        );

    private const string Remedy =
        "`mesh-control-plane admin-token`, on a host that reaches the database, makes a new admin token";
}
