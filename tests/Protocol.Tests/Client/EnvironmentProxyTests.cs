using System.Net;
using Coder.Mesh.Protocol.Network;

namespace Coder.Mesh.Protocol.Tests.Client;

public sealed class EnvironmentProxyTests
{
    private const string Proxy = "http://proxy:3128";

    [Theory]
    // Which variable is meant.
    [InlineData("https_proxy=http://a:1", "https://mesh.example.com", "http://a:1")]
    [InlineData("HTTPS_PROXY=http://a:1", "https://mesh.example.com", "http://a:1")]
    [InlineData("https_proxy=http://a:1 HTTPS_PROXY=http://b:1", "https://mesh.example.com", "http://a:1")]
    [InlineData("https_proxy=http://a:1 all_proxy=http://b:1", "https://mesh.example.com", "http://a:1")]
    [InlineData("ALL_PROXY=http://b:1", "https://mesh.example.com", "http://b:1")]
    [InlineData("http_proxy=http://a:1", "https://mesh.example.com", "")]
    [InlineData("https_proxy=socks5://a:1", "http://mesh.example.com", "")]
    // What a value may be.
    [InlineData("https_proxy=a:1", "https://mesh.example.com", "http://a:1")]
    [InlineData("https_proxy=a", "https://mesh.example.com", "http://a")]
    [InlineData("https_proxy=[fd00::1]:3128", "https://mesh.example.com", "http://[fd00::1]:3128")]
    [InlineData("https_proxy=https://a:1", "https://mesh.example.com", "https://a:1")]
    [InlineData("https_proxy=socks5h://a", "https://mesh.example.com", "socks5://a:1080")]
    [InlineData("https_proxy=socks4a://a:1", "https://mesh.example.com", "socks4a://a:1")]
    // Plain-text HTTP/2 passes SOCKS alone.
    [InlineData("http_proxy=http://a:1", "http://mesh.example.com", "")]
    [InlineData("http_proxy=socks5://a:1", "http://mesh.example.com", "socks5://a:1")]
    [InlineData("all_proxy=socks5://a:1", "http://mesh.example.com", "socks5://a:1")]
    [InlineData("HTTP_PROXY=socks5://a:1 GATEWAY_INTERFACE=CGI/1.1", "http://mesh.example.com", "")]
    // Loopback never.
    [InlineData("all_proxy=http://a:1 https_proxy=http://a:1", "https://localhost:8443", "")]
    [InlineData("all_proxy=http://a:1 https_proxy=http://a:1", "https://127.8.9.1", "")]
    [InlineData("all_proxy=http://a:1 https_proxy=http://a:1", "https://[::1]:443", "")]
    [InlineData("all_proxy=http://a:1 https_proxy=http://a:1", "https://[::ffff:127.0.0.1]", "")]
    public void The_proxy_is_that_of_the_variable_that_is_meant(string variables, string address, string expected)
    {
        var proxy = EnvironmentProxy.Read(Variables(variables))?.GetProxy(new Uri(address));

        Assert.Equal(expected.Length == 0 ? null : new Uri(expected), proxy);
    }

    [Theory]
    [InlineData("mesh.example.com", true)]
    [InlineData("MESH.Example.COM", true)]
    [InlineData("example.com", true)]
    [InlineData(".example.com", true)]
    [InlineData("*.example.com", true)]
    [InlineData("example.com:443", true)]
    [InlineData("example.com:8443", false)]
    [InlineData("ample.com", false)]
    [InlineData("esh.example.com", false)]
    [InlineData("mesh.example.com.org", false)]
    [InlineData("a, b ,example.com", true)]
    [InlineData("*", true)]
    [InlineData("a,*", true)]
    [InlineData(",, .", false)]
    [InlineData("10.0.0.0/8", false)]
    public void Names_are_excepted_with_their_subdomains(string list, bool excepted) =>
        Assert.Equal(excepted, IsExcepted(list, "https://mesh.example.com"));

    [Theory]
    [InlineData("10.0.0.0/8", "https://10.96.0.1:443", true)]
    [InlineData("10.0.0.0/8", "https://11.0.0.1", false)]
    [InlineData("10.96.0.1", "https://10.96.0.1", true)]
    [InlineData("10.96.0.1:6443", "https://10.96.0.1:6443", true)]
    [InlineData("10.96.0.1:6443", "https://10.96.0.1", false)]
    [InlineData("96.0.1", "https://10.96.0.1", false)]
    [InlineData("fd00::/8", "https://[fd12::1]", true)]
    [InlineData("fd12::1", "https://[fd12::1]", true)]
    [InlineData("[fd12::1]:443", "https://[fd12::1]", true)]
    [InlineData("[fd12::1]:444", "https://[fd12::1]", false)]
    [InlineData("fd00::/8", "https://10.0.0.1", false)]
    public void Addresses_are_excepted_by_network(string list, string address, bool excepted) =>
        Assert.Equal(excepted, IsExcepted(list, address));

    [Fact]
    public void The_login_is_told_to_the_proxy_only_and_shown_to_nobody()
    {
        var proxy = EnvironmentProxy.Read(Variables("https_proxy=http://us%20er:p%40ss%3A@a:1 all_proxy=http://b:1"))!;
        var route = proxy.RouteTo(new Uri("https://mesh.example.com"))!;

        var login = proxy.GetCredential(route.Address, "Basic")!;
        Assert.Equal(("us er", "p@ss:"), (login.UserName, login.Password));
        Assert.Null(proxy.GetCredential(new Uri("http://b:1"), "Basic"));
        Assert.Null(proxy.GetCredential(new Uri("http://c:1"), "Basic"));
        Assert.Equal("http://a:1 (https_proxy)", route.ToString());
    }

    [Fact]
    public void A_variable_that_is_not_meant_stands_in_the_way_of_no_other()
    {
        var proxy = EnvironmentProxy.Read(
            Variables("https_proxy=http://a:1 http_proxy=ftp://x all_proxy=http://u:p@a:1")
        )!;

        Assert.Equal(new Uri("http://a:1"), proxy.GetProxy(new Uri("https://mesh.example.com")));
        Assert.Equal("u", proxy.GetCredential(new Uri("http://a:1"), "Basic")?.UserName);
    }

    [Theory]
    [InlineData("ftp://a:1")]
    [InlineData("http://")]
    [InlineData("http://a:70000")]
    [InlineData("http://user:hush@a b")]
    public void What_is_no_proxy_is_told_without_its_value(string value)
    {
        var proxy = EnvironmentProxy.Read(name => name == "HTTPS_PROXY" ? value : null)!;

        var thrown = Assert.Throws<ProxyVariableException>(() => proxy.RouteTo(new Uri("https://mesh.example.com")));

        Assert.Equal("HTTPS_PROXY", thrown.Variable);
        Assert.DoesNotContain("hush", thrown.Message, StringComparison.Ordinal);
        // It is nobody's business where no proxy is needed.
        Assert.Null(proxy.RouteTo(new Uri("https://localhost")));
    }

    [Fact]
    public void Without_a_variable_there_is_no_proxy() => Assert.Null(EnvironmentProxy.Read(Variables("no_proxy=a")));

    private static bool IsExcepted(string list, string address) =>
        EnvironmentProxy
            .Read(name =>
                name switch
                {
                    "NO_PROXY" => list,
                    "https_proxy" => Proxy,
                    _ => null,
                }
            )!
            .IsBypassed(new Uri(address));

    private static Func<string, string?> Variables(string text)
    {
        var variables = text.Split(' ').Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);
        return name => variables.GetValueOrDefault(name);
    }
}
