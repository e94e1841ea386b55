using System.Net;
using System.Net.Http.Headers;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Api.Calls;

/// <summary>
/// A call whose message never ends, on a connection that it shares with others, such as behind a proxy.
/// </summary>
public sealed class UnreadRequestTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    /// <summary>Kestrel gives up on a slow body after 5 seconds, by the clock of the machine.</summary>
    private static readonly TimeSpan LongerThanKestrelWaits = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task A_message_that_is_half_sent_ends_its_own_call_and_no_other_on_the_connection()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var plane = await TestControlPlane.Start(Postgres, Ct, time);
        using var connection = new SocketsHttpHandler { EnableMultipleHttp2Connections = false };
        using var channel = GrpcChannel.ForAddress(plane.GrpcAddress, new() { HttpHandler = connection });
        using var watch = new ProviderService.ProviderServiceClient(channel).WatchProviders(
            new WatchProvidersRequest(),
            plane.Admin,
            cancellationToken: Ct
        );
        Assert.True(await watch.ResponseStream.MoveNext(Ct));
        using var http = new HttpClient(connection, disposeHandler: false);
        using var half = new HalfMessage();
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            $"{plane.GrpcAddress}/coder.mesh.v1.WorkspaceService/ListWorkspaces"
        )
        {
            Content = half,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Add("authorization", $"Bearer {plane.AdminToken}");
        request.Headers.Add("te", "trailers");
        var call = http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
        await half.Sent.Task.WaitAsync(Ct);

        await Task.Delay(LongerThanKestrelWaits, Ct);
        Assert.False(call.IsCompleted);
        time.Advance(UnreadRequests.ReadLimit);

        var ended = await Assert.ThrowsAsync<HttpRequestException>(() => call);
        Assert.Equal(0xb, Assert.IsType<HttpProtocolException>(ended.InnerException).ErrorCode);
        await plane.CreateProvider("west", Ct);
        while (watch.ResponseStream.Current.Provider?.Name != "west")
            Assert.True(await watch.ResponseStream.MoveNext(Ct));
    }

    private sealed class HalfMessage : HttpContent
    {
        public HalfMessage() => Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

        public TaskCompletionSource Sent { get; } = new();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(new byte[] { 0, 0, 0, 0, 0x32, 1 }, Ct);
            await stream.FlushAsync(Ct);
            Sent.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, Ct);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
