using System.Net;
using System.Net.Http.Headers;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Primitives;

namespace Coder.Mesh.ControlPlane.Tests.Api.CallLimits;

/// <summary>What calls say of the time that they have, as clients write it that are not gRPC's own.</summary>
public sealed class CallDeadlineTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Theory]
    [InlineData("0S", StatusCode.DeadlineExceeded, ErrorReasons.DeadlineExceeded)]
    [InlineData("0n", StatusCode.DeadlineExceeded, ErrorReasons.DeadlineExceeded)]
    [InlineData("1n", StatusCode.DeadlineExceeded, ErrorReasons.DeadlineExceeded)]
    [InlineData("10", StatusCode.InvalidArgument, ErrorReasons.TimeoutInvalid)]
    [InlineData("1x", StatusCode.InvalidArgument, ErrorReasons.TimeoutInvalid)]
    [InlineData("-1S", StatusCode.InvalidArgument, ErrorReasons.TimeoutInvalid)]
    [InlineData("123456789S", StatusCode.InvalidArgument, ErrorReasons.TimeoutInvalid)]
    [InlineData("1S, 1S", StatusCode.InvalidArgument, ErrorReasons.TimeoutInvalid)]
    public async Task A_call_without_time_or_with_an_unreadable_time_is_refused_for_that(
        string timeout,
        StatusCode status,
        string reason
    )
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        // Calls with a token that was good before go another way than the first one.
        await plane.Provider("built-in", Ct);

        foreach (var method in new[] { "ProviderService/ListProviders", "ProviderService/WatchProviders" })
        {
            var answer = await Post(plane, $"coder.mesh.v1.{method}", timeout);

            Assert.Equal($"{(int)status}", answer.Headers.GetValues("grpc-status").Single());
            var details = answer.Headers.GetValues("grpc-status-details-bin").Single();
            details = details.PadRight((details.Length + 3) / 4 * 4, '=');
            var error = Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(details));
            Assert.Equal(reason, error.GetDetail<ErrorInfo>()?.Reason);
        }
    }

    [Theory]
    [InlineData("10S", 10_000_000.0)]
    [InlineData("250m", 250_000.0)]
    [InlineData("99999999u", 99_999_999.0)]
    [InlineData("1000n", 1.0)]
    [InlineData("1n", 0.0)]
    [InlineData("2M", 120_000_000.0)]
    [InlineData("1H", 3_600_000_000.0)]
    [InlineData("99999999H", 359_999_996_400_000_000.0)]
    public void The_time_that_a_call_has_is_read_as_gRPC_writes_it(string header, double microseconds)
    {
        Assert.True(GrpcTimeout.TryRead(header, out var left));
        Assert.Equal(microseconds, left?.TotalMicroseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("1")]
    [InlineData("123456789S")]
    [InlineData("10x")]
    [InlineData("1S", "1S")]
    public void What_gRPC_does_not_write_is_not_read(params string[] header) =>
        Assert.False(GrpcTimeout.TryRead(header, out _));

    [Fact]
    public void A_call_need_not_have_a_deadline()
    {
        Assert.True(GrpcTimeout.TryRead(StringValues.Empty, out var left));
        Assert.Null(left);
    }

    /// <summary>Makes a call with an empty message; the client of gRPC writes its header itself.</summary>
    private static async Task<HttpResponseMessage> Post(TestControlPlane plane, string method, string timeout)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{plane.GrpcAddress}/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(new byte[5]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", plane.AdminToken);
        request.Headers.TryAddWithoutValidation(GrpcTimeout.Header, timeout);
        using var http = new HttpClient();
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Ct);
    }
}
