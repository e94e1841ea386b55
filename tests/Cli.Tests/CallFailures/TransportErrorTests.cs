using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.Tests.Support.Network;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Coder.Mesh.Cli.Tests.CallFailures;

/// <summary>Nobody at the address, or somebody else: the tips name what was seen there.</summary>
public sealed class TransportErrorTests : CliTest
{
    [Fact]
    public async Task Nobody_at_the_address()
    {
        using var port = new TcpListener(IPAddress.Loopback, 0);
        port.Start();
        var address = $"http://{port.LocalEndpoint}";
        port.Stop();

        await Unreachable("error-refused", address, "providers", "ls", "--address", address);
    }

    [Fact]
    public async Task Name_that_is_unknown()
    {
        const string address = "https://no-such-host.invalid";
        var run = await Mesh.Run("providers", "ls", "--address", address);

        Assert.Equal(7, run.ExitCode);
        Assert.StartsWith(
            $"error: cannot reach the control plane at {address}\n",
            run.Stderr,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Somebody_who_never_answers_costs_no_more_than_the_timeout()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = $"http://{silent.LocalEndpoint}";
        var began = Stopwatch.GetTimestamp();

        await Unreachable(
            "error-silent",
            address,
            "providers",
            "ls",
            "--address",
            address,
            "--request-timeout",
            "300ms"
        );

        // Generous, for a busy machine: without the deadline it would be for ever.
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Web_server_in_place_of_the_grpc_port()
    {
        await using var web = await FakeControlPlane.Start(HttpProtocols.Http1);

        var run = await Mesh.Run("providers", "ls", "--address", web.Address);

        // The HTTP client has several words for it: they depend on who is faster.
        Assert.Equal(7, run.ExitCode);
        Assert.Contains("cannot reach the control plane", run.Stderr, StringComparison.Ordinal);
        Assert.Contains("cause: the server does not support HTTP/2", run.Stderr, StringComparison.Ordinal);
        Assert.DoesNotContain("HttpProtocolError", run.Stderr, StringComparison.Ordinal);
        Assert.Contains("tip: this server supports HTTP/1 only", run.Stderr, StringComparison.Ordinal);
        Assert.Contains("tip: the gRPC port is 8081 by default", run.Stderr, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Web_page_in_place_of_an_answer()
    {
        Server.Instead = context => context.Response.WriteAsync("<html>");

        await Check("error-web-page", "providers", "ls");
    }

    [Theory]
    [InlineData(502)]
    [InlineData(413)]
    [InlineData(404)]
    public async Task Status_of_a_proxy_or_a_web_server_is_named_in_the_tip(int status)
    {
        Server.Instead = context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<html>");
        };

        await Check($"error-http-{status}", "providers", "ls");
    }

    [Theory]
    [InlineData("refused", 0x7)]
    [InlineData("calm", 0xb)]
    [InlineData("http11", 0xd)]
    public async Task Code_by_which_a_stream_is_reset_is_named(string name, int code)
    {
        Server.Instead = context =>
        {
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(code);
            return Task.CompletedTask;
        };

        await Check($"error-reset-{name}", "providers", "ls");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_that_does_not_offer_HTTP2_is_named(bool says)
    {
        using var certificate = SelfSigned();
        var authority = Path.Combine(Mesh.Home, "ca.pem");
        await File.WriteAllTextAsync(
            authority,
            certificate.ExportCertificatePem(),
            TestContext.Current.CancellationToken
        );
        Mesh.Variables["SSL_CERT_FILE"] = authority;
        // One breaks off the handshake, another doesn't care what the client offers.
        await using var web = says ? await FakeControlPlane.Start(HttpProtocols.Http1, certificate) : null;
        using var careless = new TcpListener(IPAddress.Loopback, 0);
        careless.Start();
        var serving = says ? Task.CompletedTask : Greet(careless, certificate);
        var port = web is null ? ((IPEndPoint)careless.LocalEndpoint).Port : new Uri(web.Address).Port;

        var run = await Mesh.Run("providers", "ls", "--address", $"https://localhost:{port}");

        Assert.Equal(7, run.ExitCode);
        Assert.Contains("tip: this server supports HTTP/1 only", run.Stderr, StringComparison.Ordinal);
        await serving;
    }

    [Fact]
    public async Task Proxy_on_the_way_is_named()
    {
        await using var proxy = ForwardProxy.Start(new Dictionary<string, IPEndPoint>());
        Mesh.Variables["https_proxy"] = $"http://user:hush@{proxy.Endpoint}";

        var run = await Mesh.Run("providers", "ls", "--address", "https://mesh.test");

        Assert.Equal(
            $"""
            error: cannot reach the control plane at https://mesh.test
              | cause: The proxy tunnel request to proxy 'http://{proxy.Endpoint}/' failed with status code '403'."
              | through the proxy http://{proxy.Endpoint} (https_proxy)
              | tip: the proxy does not allow connections to this address; ask its administrator

            """,
            run.Stderr
        );
        Assert.Equal(7, run.ExitCode);
    }

    [Fact]
    public async Task Plain_text_port_behind_an_https_address()
    {
        var address = Server.Address.Replace("http://", "https://", StringComparison.Ordinal);
        var run = await Mesh.Run("providers", "ls", "--address", address);

        Assert.Equal(7, run.ExitCode);
        Assert.Contains("serves TLS", run.Stderr, StringComparison.Ordinal);
    }

    private async Task Unreachable(string name, string address, params string[] arguments)
    {
        var run = await Mesh.Run(arguments);
        Expected.Match(name, Expected.Transcript(arguments, run, (address, "http://<nobody>")));
        Assert.Equal(7, run.ExitCode);
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    private static async Task Greet(TcpListener listener, X509Certificate2 certificate)
    {
        using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(certificate);
        try
        {
            await tls.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // The client may reset the connection instead of closing it.
        }
    }
}
