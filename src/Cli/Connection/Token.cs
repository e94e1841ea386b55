using System.Text;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The caller's token: from MESH_TOKEN or a file, never from the command line, where others could read it.</summary>
/// <param name="Secret">Goes into the authorization header and nowhere else.</param>
/// <param name="Origin">Where it came from, in words.</param>
/// <param name="File">The file that it came from, if any.</param>
internal sealed record Token(string Secret, string Origin, string? File)
{
    public const string Variable = "MESH_TOKEN";
    public const string FileVariable = "MESH_TOKEN_FILE";

    // Far more than any token needs; a wrong path must not read a disk into memory.
    private const int MaxLength = 4096;

    // The generated ToString would print the secret.
    public override string ToString() => $"token from {Origin}";

    public static Token Find(string? fileOption, Uri address, Func<string, string?> env)
    {
        if (fileOption is not null)
            return FromFile(fileOption, $"the file {fileOption} (--token-file)");
        if (env(Variable) is { } value && !string.IsNullOrWhiteSpace(value))
            return new Token(Checked(value, Variable), Variable, File: null);
        if (env(FileVariable) is { Length: > 0 } path)
            return FromFile(path, $"the file {path} ({FileVariable})");

        var own = DefaultFile(env);
        // The admin token of this machine's control plane is no other server's business.
        if (!Address.IsLoopback(address))
            throw NoToken($"{own} is only read for a control plane on this machine, not for {address.Host}");
        return System.IO.File.Exists(own) ? FromFile(own, $"the file {own}") : throw NoToken($"{own}: no such file");
    }

    /// <summary>Where a control plane on this machine, run by this user, keeps its first admin token.</summary>
    private static string DefaultFile(Func<string, string?> env)
    {
        // Relative paths are to be ignored (XDG Base Directory Specification).
        var data =
            env("XDG_DATA_HOME") is { } xdg && Path.IsPathRooted(xdg)
                ? xdg
                : Path.Combine(env("HOME") ?? "/", ".local", "share");
        return Path.Combine(data, "coder-mesh", "admin-token");
    }

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
        return secret;
    }

    private static CliException Unusable(string origin, string why) =>
        new(
            new Failure($"no usable token in {origin}", ExitCodes.NotPermitted)
            {
                Details = [$"cause: {why}"],
                Tips = [Remedy],
            }
        );

    private static CliException NoToken(string lastPlace) =>
        new(
            new Failure("no token found", ExitCodes.NotPermitted)
            {
                Details =
                [
                    "looked at: --token-file: not given",
                    $"looked at: {Variable}: not set",
                    $"looked at: {FileVariable}: not set",
                    $"looked at: {lastPlace}",
                ],
                Tips = [Remedy, $"then set {Variable}, or name a file that holds it with --token-file"],
            }
        );

    private const string Remedy =
        "`mesh-control-plane admin-token`, on a host that reaches the database, makes a new admin token";
}
