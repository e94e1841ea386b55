using System.Net;

namespace Coder.Mesh.Protocol.Network;

/// <summary>
/// The proxies that <c>http_proxy</c>, <c>https_proxy</c>, <c>all_proxy</c> and <c>no_proxy</c> name, as
/// docs/proxies.md tells.
/// </summary>
/// <remarks>
/// Not the HTTP client's own: that one sends loopback through the proxy, and knows neither networks nor ports in
/// <c>no_proxy</c>.
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

    /// <summary>Asked for by the HTTP client, for the proxy that it is about to call.</summary>
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

    /// <summary>For all HTTP clients of this process that have no proxy of their own.</summary>
    public static void ServeProcess()
    {
        if (Read(Environment.GetEnvironmentVariable) is { } proxy)
            HttpClient.DefaultProxy = proxy;
    }

    /// <summary>The proxy on the way to an address; null if there is none.</summary>
    /// <exception cref="ProxyVariableException">The variable that is meant for this address names no proxy.</exception>
    public ProxyRoute? RouteTo(Uri address)
    {
        if (address.IsLoopback || _exceptions.Cover(address))
            return null;
        var https = address.Scheme is "https" or "wss";
        if ((Given(https ? "https_proxy" : "http_proxy") ?? Given("all_proxy")) is not { } variable)
            return null;
        var route = ProxyRoute.Parse(variable.Name, variable.Value);
        // An HTTP proxy carries HTTP/1.1 or, once asked to CONNECT, TLS: no HTTP/2 in plain text.
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

    // The lower-case name wins, as in curl. HTTP_PROXY in a CGI script is a header that a stranger has sent.
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
