using System.Net;
using Coder.Mesh.ControlPlane.Tests.Api.Calls;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.Protocol.Client;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.ControlPlane.Tests.Client;

/// <summary>How calls are repeated, by what comes over the wire.</summary>
public sealed class RetryTests
{
    // More than gRPC allows by default.
    private const int MaxAttempts = 6;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_is_tried_as_often_as_the_options_say_with_one_request_id()
    {
        await using var away = await Refusing.Start(StatusCode.Unavailable);
        using var client = Client(away);

        await Assert.ThrowsAsync<MeshUnavailableException>(async () =>
            await client.Workspaces.StopWorkspaceAsync(new() { Workspace = "dev" }, cancellationToken: Ct)
        );

        Assert.Equal(MaxAttempts, away.Requests.Count);
        Assert.NotEqual("", Assert.Single(away.Requests.Select(r => r.RequestId).Distinct()));
    }

    [Theory]
    [InlineData(StatusCode.Aborted)]
    [InlineData(StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.FailedPrecondition)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.ResourceExhausted)]
    public async Task What_somebody_has_answered_is_not_asked_again(StatusCode code)
    {
        await using var refusing = await Refusing.Start(code);
        using var client = Client(refusing);

        var refused = await Assert.ThrowsAnyAsync<MeshException>(async () =>
            await client.Workspaces.StopWorkspaceAsync(new() { Workspace = "dev" }, cancellationToken: Ct)
        );

        Assert.Equal(code, refused.StatusCode);
        Assert.Single(refusing.Requests);
    }

    private static MeshClient Client(Refusing server) =>
        new(
            new MeshClientOptions
            {
                Address = new Uri(server.Address),
                Token = _ => ValueTask.FromResult("mat_test"),
                MaxAttempts = MaxAttempts,
            }
        );

    /// <summary>Answers each call with a status alone.</summary>
    private sealed class Refusing(WebApplication app) : IAsyncDisposable
    {
        public List<StopWorkspaceRequest> Requests { get; } = [];

        public string Address => app.Urls.Single();

        public static async Task<Refusing> Start(StatusCode code)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(k =>
                k.Listen(IPAddress.Loopback, 0, o => o.Protocols = HttpProtocols.Http2)
            );
            var app = builder.Build();
            var server = new Refusing(app);
            app.Run(context => server.Answer(context, code));
            await app.StartAsync(Ct);
            return server;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private async Task Answer(HttpContext context, StatusCode code)
        {
            // Behind the five bytes that frame it.
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            Requests.Add(StopWorkspaceRequest.Parser.ParseFrom(body.ToArray().AsSpan(5)));
            context.Response.ContentType = "application/grpc";
            context.Response.Headers["grpc-status"] = $"{(int)code}";
        }
    }
}
