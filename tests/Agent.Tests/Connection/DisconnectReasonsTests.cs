using System.Net;
using Coder.Mesh.Agent.Connection;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Agent.Tests.Connection;

public sealed class DisconnectReasonsTests
{
    public static TheoryData<Exception> OfAWriteWhoseCallIsOver =>
        [
            new RpcException(new Status(StatusCode.Unavailable, "gone")),
            new InvalidOperationException("Can't write the message because the call is complete."),
            new ObjectDisposedException("call"),
            // What a killed server left the load tool's agents with, now and then.
            new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely."),
        ];

    [Theory]
    [MemberData(nameof(OfAWriteWhoseCallIsOver))]
    public void A_write_that_fails_because_its_call_is_over_is_no_fault_of_the_agent(Exception e) =>
        Assert.True(DisconnectReasons.IsReportedByRead(e));

    /// <summary>Without a reason of the control plane, a proxy asks for it.</summary>
    [Theory]
    [InlineData(true, 7)]
    [InlineData(false, null)]
    public void A_delay_is_read_from_an_error_of_the_control_plane(bool ours, int? seconds)
    {
        var status = new Google.Rpc.Status { Code = (int)StatusCode.ResourceExhausted, Message = "busy" };
        if (ours)
            status.Details.Add(
                Any.Pack(new Google.Rpc.ErrorInfo { Domain = ErrorReasons.Domain, Reason = ErrorReasons.AttachBacklog })
            );
        status.Details.Add(
            Any.Pack(new Google.Rpc.RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(7)) })
        );

        var end = DisconnectReasons.From(status.ToRpcException());

        Assert.Equal(DisconnectKind.Lost, end.Kind);
        Assert.Equal(seconds, (int?)end.RetryDelay?.TotalSeconds);
    }

    public static TheoryData<Exception> OfAPortOfHttpOne =>
        [
            new HttpRequestException("…", new HttpProtocolException(0xd, "HTTP_1_1_REQUIRED", null)),
            new HttpRequestException(HttpRequestError.VersionNegotiationError, "…"),
            new HttpRequestException("… because the server did not complete the HTTP/2 handshake."),
        ];

    [Theory]
    [MemberData(nameof(OfAPortOfHttpOne))]
    public void A_port_that_speaks_HTTP_1_only_is_told_with_the_one_that_is_meant(Exception e)
    {
        var end = DisconnectReasons.From(
            new RpcException(new Status(StatusCode.Unavailable, "Error starting gRPC call.", e))
        );

        Assert.Equal(DisconnectKind.Lost, end.Kind);
        Assert.Contains("speaks HTTP/1 only", end.Message, StringComparison.Ordinal);
        Assert.Contains(
            "--access-url must name the gRPC port (8081 by default)",
            end.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Http_client_tells_it_in_one_of_these_ways()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http1));
        await using var server = builder.Build();
        await server.StartAsync(TestContext.Current.CancellationToken);
        using var channel = GrpcChannel.ForAddress(server.Urls.Single());

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            using var call = new AgentService.AgentServiceClient(channel).Connect(
                cancellationToken: TestContext.Current.CancellationToken
            );
            await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken);
        });

        Assert.Contains("speaks HTTP/1 only", DisconnectReasons.From(error).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_that_breaks_under_a_session_is_told_in_plain_words()
    {
        var cause = new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.");

        var end = DisconnectReasons.OfSession(
            new RpcException(new Status(StatusCode.Unavailable, "Error reading next message.", cause))
        );

        Assert.Equal((DisconnectKind.Lost, "connection_lost"), (end.Kind, end.Code));
        Assert.StartsWith("The connection to the control plane was lost (", end.Message, StringComparison.Ordinal);
        Assert.Contains("The response ended prematurely", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_peer_says_of_the_end_is_told_as_it_is() =>
        Assert.Equal(
            ("Unavailable", "gone"),
            DisconnectReasons.OfSession(new RpcException(new Status(StatusCode.Unavailable, "gone"))) is var end
                ? (end.Code, end.Message)
                : default
        );

    [Theory]
    [InlineData(ErrorReasons.TokenInvalid)]
    [InlineData(ErrorReasons.TokenMissing)]
    [InlineData(ErrorReasons.PermissionDenied)]
    public void A_token_that_is_refused_is_told_with_how_to_make_another(string reason)
    {
        var info = new Google.Rpc.ErrorInfo { Domain = ErrorReasons.Domain, Reason = reason };
        var status = new Google.Rpc.Status
        {
            Code = (int)StatusCode.Unauthenticated,
            Message = "No.",
            Details = { Any.Pack(info) },
        };

        var end = DisconnectReasons.From(status.ToRpcException());

        Assert.Equal(DisconnectKind.Refused, end.Kind);
        Assert.StartsWith("No. Make a token by `mesh providers rotate-token", end.Message, StringComparison.Ordinal);
        Assert.Contains("--token-file", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bug_is_one() => Assert.False(DisconnectReasons.IsReportedByRead(new NotSupportedException()));
}
