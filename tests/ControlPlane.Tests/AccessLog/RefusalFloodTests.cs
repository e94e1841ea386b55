using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace Coder.Mesh.ControlPlane.Tests.AccessLog;

/// <summary>Whatever callers send, they can't fill the log.</summary>
public sealed class RefusalFloodTests(PostgresFixture postgres) : JsonTestBase(postgres)
{
    private const int Times = 30;

    [Fact]
    public async Task Many_refusals_of_every_kind_are_one_line_for_each_reason_and_all_are_counted()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (_, token) = await plane.CreateProvider("west", Ct);
        using var agent = await TestAgent.Attach(plane, token, Ct, h => h.NamespaceUid = "u");
        var unknown = Tokens.Create(TokenKind.Api);
        var before = await Started(plane);

        for (var i = 0; i < Times; i++)
        {
            await Call(plane, null);
            await Call(plane, "nonsense");
            await Call(plane, unknown);
            await Call(plane, token);
            await Send(plane, "GET", "/v1/providers", token: "");
            await Send(plane, "GET", "/v1/providers", token: unknown);
            await Send(plane, "GET", "/v1/providers", token: token);
            await TestAgent.Open(plane, unknown).End(Ct);
            await TestAgent.Open(plane, plane.AdminToken).End(Ct);
            using var refused = TestAgent.Open(plane, token);
            await refused.Send(new ConnectRequest { Hello = TestAgent.Hello(h => h.NamespaceUid = "other") }, Ct);
            await refused.End(Ct);
        }

        var lines = plane.LogRecords.Skip(before).ToList();
        Assert.Equal(
            [
                ErrorReasons.ClusterMismatch,
                ErrorReasons.PermissionDenied,
                ErrorReasons.TokenInvalid,
                ErrorReasons.TokenMissing,
            ],
            lines.Select(l => l.GetStructuredStateValue("Reason") ?? l.Message).Order(StringComparer.Ordinal)
        );

        await plane.Stop();
        var counts = plane
            .LogRecords.Skip(before)
            .Where(l => l.GetStructuredStateValue("Reason") is not null)
            .GroupBy(l => l.GetStructuredStateValue("Reason")!, Count)
            .ToDictionary(g => g.Key, g => g.Sum());
        Assert.Equal(2 * Times, counts[ErrorReasons.TokenMissing]);
        Assert.Equal(4 * Times, counts[ErrorReasons.TokenInvalid]);
        Assert.Equal(3 * Times, counts[ErrorReasons.PermissionDenied]);
        Assert.Equal(Times, counts[ErrorReasons.ClusterMismatch]);
    }

    [Fact]
    public async Task What_no_service_understands_writes_no_line_at_all()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await Started(plane);

        for (var i = 0; i < Times; i++)
        {
            await Send(plane, "GET", "/nothing/here");
            await Send(plane, "PUT", "/v1/providers", "{}");
            await Send(plane, "POST", "/v1/providers", "{");
            await Send(plane, "POST", "/v1/providers", """{"name": "Not A Name"}""");
            await Garbage(plane.GrpcAddress);
            await Garbage(plane.JsonAddress);
            await Unknown(plane);
        }

        Assert.Empty(plane.LogRecords.Skip(before).Select(l => l.Message));
    }

    /// <returns>How many lines it has written when the last of its start (id 1302, by the lease) is there.</returns>
    private static async Task<int> Started(TestControlPlane plane) =>
        (await Eventually(() => Task.FromResult(plane.LogRecords), lines => lines.Any(l => l.Id.Id == 1302))).Count;

    private static long Count(FakeLogRecord line) =>
        line.GetStructuredStateValue("Count") is { } count ? long.Parse(count, CultureInfo.InvariantCulture) : 1;

    private static async Task Call(TestControlPlane plane, string? token)
    {
        var headers = new Metadata();
        if (token is not null)
            headers.Add("authorization", $"Bearer {token}");
        await Assert.ThrowsAsync<RpcException>(async () =>
            await plane.Providers.ListProvidersAsync(new ListProvidersRequest(), headers, cancellationToken: Ct)
        );
    }

    private static async Task Unknown(TestControlPlane plane)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{plane.GrpcAddress}/coder.mesh.v1.No/Method")
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent([]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var response = await Http.SendAsync(request, Ct);
    }

    private static async Task Garbage(string address)
    {
        var uri = new Uri(address);
        using var client = new TcpClient();
        await client.ConnectAsync(uri.Host, uri.Port, Ct);
        // Longer than the preface of HTTP/2, so that it is looked at.
        await client
            .GetStream()
            .WriteAsync("\u0016\u0003\u0001 this is no HTTP of any version\r\n\r\n"u8.ToArray(), Ct);
        var buffer = new byte[1024];
        try
        {
            while (await client.GetStream().ReadAsync(buffer, Ct) > 0) { }
        }
        catch (IOException)
        {
            // Reset instead of closed.
        }
    }
}
