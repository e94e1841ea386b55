using System.Net;

namespace Coder.Mesh.Protocol.Network;

/// <summary>
/// The proxies that <c>http_proxy</c>, <c>https_proxy</c>, <c>all_proxy</c> and <c>no_proxy</c> name, as
/// described in docs/proxies.md.
/// </summary>
/// <remarks>
/// Replaces the implementation of the HTTP client, which uses the proxy for loopback addresses and supports neither
/// networks nor ports in <c>no_proxy</c>.
/// </remarks>
internal sealed class EnvironmentProxy : IWebProxy, ICredentials
{
    private static readonly string[] Names = ["https_proxy", "http_proxy", "all_proxy"];

    private readonly Func<string, string?> _env;
    private readonly ProxyExceptions _exceptions;

    private EnvironmentProxy(Func<string, string?> env)
    {
        _env = env;
        _exceptions = ProxyExceptions.Parse(Given("no_proxy")?.Value ?? "");
    }

    /// <summary>Credentials of the proxy for the HTTP client.</summary>
    public ICredentials? Credentials
    {
        get => this;
        set => throw new NotSupportedException();
    }

    /// <param name="env">Reads a variable of the environment.</param>
    /// <returns>Null if no variable names a proxy.</returns>
    public static EnvironmentProxy? Read(Func<string, string?> env)
    {
        var proxy = new EnvironmentProxy(env);
        return proxy.Named().Any() ? proxy : null;
    }

    /// <summary>Sets it as default of all HTTP clients of this process.</summary>
    public static void ServeProcess()
    {
        if (Read(Environment.GetEnvironmentVariable) is { } proxy)
            HttpClient.DefaultProxy = proxy;
    }

    /// <summary>Returns the proxy for an address; null if there is none.</summary>
    /// <exception cref="ProxyVariableException">The variable for this address has an invalid value.</exception>
    public ProxyRoute? RouteTo(Uri address)
    {
        if (address.IsLoopback || _exceptions.Cover(address))
            return null;
        var https = address.Scheme is "https" or "wss";
        if ((Given(https ? "https_proxy" : "http_proxy") ?? Given("all_proxy")) is not { } variable)
            return null;
        var route = ProxyRoute.Parse(variable.Name, variable.Value);
        // An HTTP proxy supports HTTP/1.1 and, by CONNECT, TLS, but not HTTP/2 in plain text.
        return https || route.IsSocks ? route : null;
    }

    public Uri? GetProxy(Uri destination) => RouteTo(destination)?.Address;

    public bool IsBypassed(Uri host) => RouteTo(host) is null;

    public NetworkCredential? GetCredential(Uri uri, string authType) =>
        Named()
            .Select(v => ProxyRoute.TryParse(v.Name, v.Value))
            .FirstOrDefault(r => r?.Credential is not null && r.Address.Authority == uri.Authority)
            ?.Credential;

    private IEnumerable<(string Name, string Value)> Named() => Names.Select(Given).OfType<(string, string)>();

    // The lower-case name takes precedence, as in curl. In a CGI script, HTTP_PROXY is a request header.
    private (string Name, string Value)? Given(string name)
    {
        var upper = name.ToUpperInvariant();
        if (_env(name)?.Trim() is { Length: > 0 } value)
            return (name, value);
        if (upper == "HTTP_PROXY" && _env("GATEWAY_INTERFACE") is not null)
            return null;
        return _env(upper)?.Trim() is { Length: > 0 } other ? (upper, other) : null;
    }
}
