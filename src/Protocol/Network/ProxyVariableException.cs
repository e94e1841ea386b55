namespace Coder.Mesh.Protocol.Network;

/// <summary>
/// An environment variable has an invalid proxy. The message omits its value, which may contain a password.
/// </summary>
/// <param name="variable">Its name.</param>
public sealed class ProxyVariableException(string variable)
    : Exception(
        $"The environment variable {variable} must be the address of a proxy, such as http://proxy.example.com:3128 or "
            + "socks5://proxy.example.com:1080 (http, https, socks4, socks4a, socks5 or socks5h)."
    )
{
    /// <summary>The variable's name.</summary>
    public string Variable => variable;
}
