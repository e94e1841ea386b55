using System.Net;

namespace Coder.Mesh.Protocol.Network;

/// <summary>A proxy that a variable names.</summary>
/// <param name="Variable">The variable's name.</param>
/// <param name="Address">Without user and password.</param>
/// <param name="Credential">The user information of the URL; null if it has none.</param>
internal sealed record ProxyRoute(string Variable, Uri Address, NetworkCredential? Credential)
{
    private const int SocksPort = 1080;

    public bool IsSocks => Address.Scheme.StartsWith("socks", StringComparison.Ordinal);

    /// <exception cref="ProxyVariableException">The value is invalid.</exception>
    public static ProxyRoute Parse(string variable, string value) =>
        TryParse(variable, value) ?? throw new ProxyVariableException(variable);

    /// <returns>Null if the value is invalid.</returns>
    public static ProxyRoute? TryParse(string variable, string value)
    {
        var text = value.Contains("://", StringComparison.Ordinal) ? value : $"http://{value}";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var given) || given.Host.Length == 0)
            return null;
        var scheme = given.Scheme switch
        {
            "http" or "https" or "socks4" or "socks4a" or "socks5" => given.Scheme,
            // Equivalent here, since the proxy always resolves names.
            "socks5h" => "socks5",
            _ => null,
        };
        if (scheme is null)
            return null;
        var address = new UriBuilder(scheme, given.Host, given.Port < 0 ? SocksPort : given.Port).Uri;
        return new ProxyRoute(variable, address, Login(given.UserInfo));
    }

    public override string ToString() => $"{Address.Scheme}://{Address.Authority} ({Variable})";

    private static NetworkCredential? Login(string userInfo)
    {
        if (userInfo.Length == 0)
            return null;
        var parts = userInfo.Split(':', 2);
        return new NetworkCredential(
            Uri.UnescapeDataString(parts[0]),
            parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : ""
        );
    }
}
