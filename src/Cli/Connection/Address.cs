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

    /// <returns>The address, and a description of where it came from.</returns>
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
                    Details = ["anyone on the network path could read it"],
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

    /// <summary>
    /// Decides by name only, without a lookup, since its result could change before the name is used.
    /// </summary>
    public static bool IsLoopback(Uri address) =>
        address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(address.DnsSafeHost, out var ip) && IPAddress.IsLoopback(ip));

    /// <summary>Formats scheme, host and port; used for display and comparison.</summary>
    public static string Origin(Uri address) => address.GetLeftPart(UriPartial.Authority);

    /// <returns>The address, or null and the reason why the text is not one.</returns>
    public static (Uri? Address, string Trouble) Parse(string text) =>
        !Uri.TryCreate(text.Trim(), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            ? (null, "it must begin with http:// or https://")
        : address.UserInfo.Length > 0
            ? (null, "it must not contain a user name or password; pass the token by MESH_TOKEN or --token-file")
        : address.PathAndQuery != "/" || address.Fragment.Length > 0
            ? (null, "it must not have a path: only scheme, host and port")
        : (new Uri(Origin(address)), "");

    // The text is not repeated: it may contain a password.
    private static CliException Bad(string origin, string why) =>
        new(
            new Failure($"the address from {origin} is not valid: {why}", ExitCodes.Usage)
            {
                Tips = [$"for example --address {Default}, or {Variable}=https://mesh.example.com"],
            }
        );
}
