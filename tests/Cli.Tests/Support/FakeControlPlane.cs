using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>
/// All services in memory, behind a real h2c port on loopback, which wants a token as the real one does.
/// </summary>
public sealed class FakeControlPlane : IAsyncDisposable
{
    public const string ApiToken = "mat_fake-api-token-5d41402abc4b2a76";

    private readonly WebApplication _app;

    private FakeControlPlane(HttpProtocols protocols, X509Certificate2? certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k =>
            k.Listen(
                IPAddress.Loopback,
                0,
                listen =>
                {
                    listen.Protocols = protocols;
                    if (certificate is not null)
                        listen.UseHttps(certificate);
                }
            )
        );
        builder.Services.AddSingleton(this);
        builder.Services.AddSingleton(Providers);
        builder.Services.AddSingleton(Organizations);
        builder.Services.AddSingleton(Workspaces);
        builder.Services.AddSingleton(Deployment);
        builder.Services.AddSingleton(Tokens);
        builder.Services.AddGrpc(o => o.Interceptors.Add<Gate>());
        _app = builder.Build();
        _app.MapGrpcService<FakeProviders>();
        _app.MapGrpcService<FakeOrganizations>();
        _app.MapGrpcService<FakeWorkspaces>();
        _app.MapGrpcService<FakeDeployment>();
        _app.MapGrpcService<FakeTokens>();
        _app.Use(
            async (context, next) =>
            {
                if (Instead is not { } answer)
                    await next(context);
                else
                    await answer(context);
            }
        );
    }

    public FakeProviders Providers { get; } = new();

    public FakeOrganizations Organizations { get; } = new();

    public FakeWorkspaces Workspaces { get; } = new();

    public FakeDeployment Deployment { get; } = new();

    public FakeTokens Tokens { get; } = new();

    /// <summary>
    /// Method and request id of every write; the services themselves never see the id, which differs each time.
    /// </summary>
    public ConcurrentQueue<(string Method, string RequestId)> Writes { get; } = [];

    /// <summary>What every call asked for.</summary>
    public ConcurrentQueue<IMessage> Requests { get; } = [];

    /// <summary>The authorization of every call.</summary>
    public ConcurrentQueue<string> Authorizations { get; } = [];

    /// <summary>How long the caller of each call would have waited for its answer.</summary>
    public ConcurrentQueue<TimeSpan> Patience { get; } = [];

    /// <summary>What every call ends with; null for the services' own answers.</summary>
    public RpcException? Failure { get; set; }

    /// <summary>What every watch ends with at once, if anything.</summary>
    public RpcException? WatchFailure { get; set; }

    /// <summary>Whether writes are answered as if all was as they ask already.</summary>
    public bool Unchanged { get; set; }

    /// <summary>How many calls are answered before <see cref="Failure"/>.</summary>
    public int AnsweredBefore { get; set; }

    /// <summary>Whether calls are taken and never answered.</summary>
    public bool Hangs { get; set; }

    /// <summary>Ends when the first call has come.</summary>
    public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What answers in place of gRPC, if anything: a web server or a proxy on the same port.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    public string Address => _app.Urls.Single();

    /// <param name="certificate">With which it serves TLS; none if null.</param>
    public static async Task<FakeControlPlane> Start(
        HttpProtocols protocols = HttpProtocols.Http2,
        X509Certificate2? certificate = null
    )
    {
        var server = new FakeControlPlane(protocols, certificate);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    public static RpcException Rich(StatusCode code, string message, string reason, params IMessage[] more)
    {
        var status = new Google.Rpc.Status { Code = (int)code, Message = message };
        if (reason.Length > 0)
            status.Details.Add(
                Google.Protobuf.WellKnownTypes.Any.Pack(new ErrorInfo { Reason = reason, Domain = "mesh.coder.com" })
            );
        status.Details.AddRange(more.Select(Google.Protobuf.WellKnownTypes.Any.Pack));
        return status.ToRpcException();
    }

    private sealed class Gate(FakeControlPlane server) : Interceptor
    {
        public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request,
            ServerCallContext context,
            UnaryServerMethod<TRequest, TResponse> continuation
        )
        {
            TakeRequestId(request, context.Method);
            // A copy: the services keep what they were given.
            server.Requests.Enqueue(Copy(request));
            var authorization = context.RequestHeaders.GetValue("authorization") ?? "";
            server.Authorizations.Enqueue(authorization);
            server.Patience.Enqueue(context.Deadline - DateTime.UtcNow);
            server.Asked.TrySetResult();
            if (authorization != $"Bearer {ApiToken}")
                throw Rich(StatusCode.Unauthenticated, "the token is not known", "TOKEN_INVALID");
            if (server.Hangs)
                await Task.Delay(Timeout.InfiniteTimeSpan, context.CancellationToken);
            if (server.Failure is { } failure && server.AnsweredBefore-- <= 0)
                throw failure;
            var response = await continuation(request, context);
            if (server.Unchanged && response is IMessage message)
                message.Descriptor.FindFieldByName("unchanged")?.Accessor.SetValue(message, true);
            return response;
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation
        )
        {
            server.Requests.Enqueue(Copy(request));
            if (context.RequestHeaders.GetValue("authorization") != $"Bearer {ApiToken}")
                throw Rich(StatusCode.Unauthenticated, "the token is not known", "TOKEN_INVALID");
            return server.WatchFailure is { } failure ? throw failure : continuation(request, responseStream, context);
        }

        private static IMessage Copy(object request)
        {
            var message = (IMessage)request;
            return message.Descriptor.Parser.ParseFrom(message.ToByteArray());
        }

        private void TakeRequestId(object request, string method)
        {
            var message = (IMessage)request;
            if (message.Descriptor.FindFieldByName("request_id") is not { } field)
                return;
            server.Writes.Enqueue((method.Split('/')[^1], (string)field.Accessor.GetValue(message)));
            field.Accessor.Clear(message);
        }
    }
}
