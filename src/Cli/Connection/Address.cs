using System.Net;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The address of the control plane's gRPC port, checked before anything is sent there.</summary>
internal static class Address
{
    public const string Variable = "MESH_ADDRESS";
    public const string AllowPlaintext = "MESH_ALLOW_PLAINTEXT";
    public const string Default = "http://localhost:8081";

    /// <returns>And what it came from, in words.</returns>
    public static (Uri Address, string Origin) Resolve(
        string? option,
        ContextChoice? context,
        Func<string, string?> env
    )
    {
        var (text, origin) = (option, env(Variable), context) switch
        {
            ({ } given, _, _) => (given, "--address"),
            (_, _, { Origin: ContextOrigin.Option } named) => (Origin(named.Context.Address), $"{named}"),
            (_, { Length: > 0 } variable, _) => (variable, Variable),
            (_, _, { } chosen) => (Origin(chosen.Context.Address), $"{chosen}"),
            _ => (Default, "the default"),
        };
        return (Checked(text, origin, env), origin);
    }

    public static Uri Checked(string text, string origin, Func<string, string?> env)
    {
        var (parsed, trouble) = Parse(text);
        var address = parsed ?? throw Bad(origin, trouble);
        if (address.Scheme == Uri.UriSchemeHttp && !IsLoopback(address) && !PlaintextAllowed(env))
            throw new CliException(
                new Failure($"will not send a token over plain http to {address.Host}", ExitCodes.Usage)
                {
                    Details = ["anyone between here and there could read it"],
                    Tips = ["use an address with https://", $"or, on a network that you trust, set {AllowPlaintext}=1"],
                }
            );
        return address;
    }

    private static bool PlaintextAllowed(Func<string, string?> env)
    {
        if (env(AllowPlaintext) is not { Length: > 0 } given)
            return false;
        return Switch.TryParse(given, out var allowed)
            ? allowed
            : throw new CliException(
                new Failure($"{AllowPlaintext} is '{given}': it must be {Switch.Rule}", ExitCodes.Usage)
            );
    }

    /// <summary>By name only: nothing is looked up, since what a name means may change between look-up and use.</summary>
    public static bool IsLoopback(Uri address) =>
        address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(address.DnsSafeHost, out var ip) && IPAddress.IsLoopback(ip));

    /// <summary>An address as people write it, and as two are compared: scheme, host and port.</summary>
    public static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);

    /// <returns>Null, and why, if it is none.</returns>
    public static (Uri? Address, string Trouble) Parse(string text) =>
        !Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            ? (null, "it is not an address that begins with http:// or https://")
        : address.UserInfo.Length > 0
            ? (null, "it holds a user name or password; a token is given by MESH_TOKEN or a file")
        : address.PathAndQuery != "/" || address.Fragment.Length > 0
            ? (null, "it has a path; only scheme, host and port are used")
        : (new Uri(Origin(address)), "");

    // The text itself is not repeated: it may hold a password.
    private static CliException Bad(string origin, string why) =>
        new(
            new Failure($"the address from {origin} is no good: {why}", ExitCodes.Usage)
            {
                Tips = [$"for example --address {Default}, or {Variable}=https://mesh.example.com"],
            }
        );
}
