using System.Net;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Connection;

/// <summary>The address of the control plane's gRPC port, checked before anything is sent there.</summary>
internal static class Address
{
    public const string Variable = "MESH_ADDRESS";
    public const string AllowPlaintext = "MESH_ALLOW_PLAINTEXT";
    public const string Default = "http://localhost:8081";

    public static Uri Resolve(string? option, Func<string, string?> env)
    {
        var (text, origin) = (option, env(Variable)) switch
        {
            ({ } given, _) => (given, "--address"),
            (null, { Length: > 0 } variable) => (variable, Variable),
            _ => (Default, "the default"),
        };
        var address = Parse(text.Trim(), origin);
        if (address.Scheme == Uri.UriSchemeHttp && !IsLoopback(address) && env(AllowPlaintext) != "1")
            throw new CliException(
                new Failure($"will not send a token over plain http to {address.Host}", ExitCodes.Usage)
                {
                    Details = ["anyone between here and there could read it"],
                    Tips = ["use an address with https://", $"or, on a network that you trust, set {AllowPlaintext}=1"],
                }
            );
        return address;
    }

    /// <summary>By name only: nothing is looked up, since what a name means may change between look-up and use.</summary>
    public static bool IsLoopback(Uri address) =>
        address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(address.DnsSafeHost, out var ip) && IPAddress.IsLoopback(ip));

    private static Uri Parse(string text, string origin)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw Bad(origin, "it is not an address that begins with http:// or https://");
        if (address.UserInfo.Length > 0)
            throw Bad(origin, "it holds a user name or password; a token is given by MESH_TOKEN or a file");
        if (address.PathAndQuery != "/" || address.Fragment.Length > 0)
            throw Bad(origin, "it has a path; only scheme, host and port are used");
        return new Uri(address.GetLeftPart(UriPartial.Authority));
    }

    // The text itself is not repeated: it may hold a password.
    private static CliException Bad(string origin, string why) =>
        new(
            new Failure($"the address from {origin} is no good: {why}", ExitCodes.Usage)
            {
                Tips = [$"for example --address {Default}, or {Variable}=https://mesh.example.com"],
            }
        );
}
