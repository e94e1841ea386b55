using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Api.Calls;

/// <summary>Bodies that are not what their own headers say, of HTTP/1.1 and of HTTP/2.</summary>
public sealed class BrokenBodyTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const string Body = """{"name": "west"}""";
    private const string Chunked = "Transfer-Encoding: chunked";

    [Theory]
    [InlineData("Content-Length: 100", Body, 408, ErrorReasons.BodyIncomplete)]
    [InlineData("Content-Length: 100", "", 408, ErrorReasons.BodyIncomplete)]
    [InlineData(Chunked, "10\r\n{\"name\": ", 408, ErrorReasons.BodyIncomplete)]
    [InlineData(Chunked, "10\r\n" + Body + "\r\n", 408, ErrorReasons.BodyIncomplete)]
    [InlineData(Chunked, "no size\r\n", 400, ErrorReasons.BodyInvalid)]
    [InlineData(Chunked, "-1\r\n" + Body, 400, ErrorReasons.BodyInvalid)]
    [InlineData(Chunked, "FFFFFFFFFFFFFFFFFF\r\n" + Body, 400, ErrorReasons.BodyInvalid)]
    [InlineData(Chunked, "3\r\n" + Body + "\r\n0\r\n\r\n", 400, ErrorReasons.BodyInvalid)]
    [InlineData(Chunked, "FFFFFFF\r\n" + Body, 408, ErrorReasons.BodyIncomplete)]
    public async Task A_JSON_body_that_is_not_what_its_header_says_is_answered_with_the_reason(
        string header,
        string body,
        int status,
        string reason
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await Started(plane);

        using var caller = await Ask(plane, header, body);
        var answer = await ReadToEnd(caller);

        AssertRefused(answer, status, reason);
        AssertNoFailure(plane, before);
    }

    [Fact]
    public async Task A_JSON_body_that_is_always_on_its_way_is_answered_in_the_end()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var plane = await TestControlPlane.Start(Postgres, Ct, time);
        var before = await Started(plane);

        using var caller = await Ask(plane, "Content-Length: 500000", Body.PadRight(100_000), expect: true);
        time.Advance(JsonRequests.ReadLimit);
        var answer = await ReadToEnd(caller);

        AssertRefused(answer, 408, ErrorReasons.BodyIncomplete);
        AssertNoFailure(plane, before);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task A_gRPC_body_of_another_length_than_its_header_says_writes_no_failure(int more)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var before = await Started(plane);
        byte[] message = [0, 0, 0, 0, 0];

        using var caller = await Connect(new Uri(plane.GrpcAddress));
        (string, string)[] headers =
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/coder.mesh.v1.DeploymentService/GetDeployment"),
            (":authority", "mesh"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("content-length", (message.Length + more).ToString(CultureInfo.InvariantCulture)),
            ("authorization", $"Bearer {plane.AdminToken}"),
        ];
        await caller.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), SocketFlags.None, Ct);
        await caller.SendAsync(Frame(type: 4, flags: 0, stream: 0, []), SocketFlags.None, Ct);
        await caller.SendAsync(Frame(type: 1, flags: 4, stream: 1, Encoded(headers)), SocketFlags.None, Ct);
        await caller.SendAsync(Frame(type: 0, flags: 1, stream: 1, message), SocketFlags.None, Ct);
        // PROTOCOL_ERROR, as RFC 9113, 8.1.1 has it; an answer to it may come before.
        Assert.Equal(1, await Reset(caller));

        AssertNoFailure(plane, before);
    }

    private static void AssertRefused(string answer, int status, string reason)
    {
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        var text = answer[answer.IndexOf('{', StringComparison.Ordinal)..(answer.LastIndexOf('}') + 1)];
        var details = JsonNode.Parse(text)!["details"]!.AsArray();
        Assert.Contains(details, d => (string?)d!["reason"] == reason);
    }

    private static void AssertNoFailure(TestControlPlane plane, int before)
    {
        var lines = plane.LogRecords.Skip(before).ToList();
        Assert.DoesNotContain(lines, l => l.Level >= LogLevel.Error || l.Exception is not null);
        Assert.InRange(lines.Count, 0, 1);
    }

    private static async Task<int> Started(TestControlPlane plane) =>
        (await Eventually(() => Task.FromResult(plane.LogRecords), lines => lines.Any(l => l.Id.Id == 1302))).Count;

    private static async Task<Socket> Connect(Uri address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address.Host, address.Port, Ct);
        return socket;
    }

    /// <param name="expect">Waits until the server reads the body before any of it is sent.</param>
    private static async Task<Socket> Ask(TestControlPlane plane, string header, string body, bool expect = false)
    {
        var uri = new Uri(plane.JsonAddress);
        var socket = await Connect(uri);
        var head =
            $"POST /v1/providers HTTP/1.1\r\nHost: {uri.Authority}\r\nAuthorization: Bearer {plane.AdminToken}\r\n"
            + $"Content-Type: application/json\r\n{header}\r\n{(expect ? "Expect: 100-continue\r\n" : "")}\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head), SocketFlags.None, Ct);
        if (expect)
            Assert.True(await socket.ReceiveAsync(new byte[1024], SocketFlags.None, Ct) > 0);
        await socket.SendAsync(Encoding.ASCII.GetBytes(body), SocketFlags.None, Ct);
        return socket;
    }

    private static async Task<string> ReadToEnd(Socket socket)
    {
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, SocketFlags.None, Ct) is > 0 and var count)
                answer.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The server has closed a connection on which more was sent than it has read.
        }

        return answer.ToString();
    }

    /// <summary>Reads until the stream is reset.</summary>
    /// <returns>The code.</returns>
    private static async Task<int> Reset(Socket socket)
    {
        await using var stream = new NetworkStream(socket);
        var head = new byte[9];
        while (true)
        {
            await stream.ReadExactlyAsync(head, Ct);
            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            await stream.ReadExactlyAsync(payload, Ct);
            if (head[3] == 3)
                return payload[3];
        }
    }

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];

    // RFC 7541, 6.2.2: literals without indexing, names and values as they are.
    private static byte[] Encoded((string Name, string Value)[] headers) =>
        [
            .. headers.SelectMany(h =>
                new byte[] { 0, (byte)h.Name.Length }
                    .Concat(Encoding.ASCII.GetBytes(h.Name))
                    .Append((byte)h.Value.Length)
                    .Concat(Encoding.ASCII.GetBytes(h.Value))
            ),
        ];
}
