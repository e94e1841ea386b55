using System.Net;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Frames;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Coder.Mesh.EndToEnd.Tests.Frames;

/// <summary>
/// Stands between an agent and a control plane, and keeps each frame in the order in which it passed.
/// </summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly List<RecordedStep> _steps = [];
    private readonly GrpcChannel _channel;
    private readonly WebApplication _app;
    private CancellationTokenSource _cut = new();

    private RecordingProxy(string upstream)
    {
        _channel = GrpcChannel.ForAddress(upstream);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, o => o.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        _app = builder.Build();
        _app.MapGrpcService<Service>();
    }

    public string Address => _app.Urls.Single();

    public IReadOnlyList<RecordedStep> Steps
    {
        get
        {
            lock (_lock)
                return [.. _steps];
        }
    }

    public static async Task<RecordingProxy> Start(string upstream, CancellationToken ct)
    {
        var proxy = new RecordingProxy(upstream);
        await proxy._app.StartAsync(ct);
        return proxy;
    }

    public void Add(RecordedStep step)
    {
        lock (_lock)
            _steps.Add(step);
    }

    /// <summary>Breaks the stream that there is.</summary>
    public async Task Cut()
    {
        Add(new RecordedStep.Cut());
        var cut = Interlocked.Exchange(ref _cut, new CancellationTokenSource());
        await cut.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _cut.CancelAsync();
        _channel.Dispose();
        await _app.DisposeAsync();
    }

    private sealed class Service(RecordingProxy proxy) : AgentService.AgentServiceBase
    {
        public override async Task Connect(
            IAsyncStreamReader<ConnectRequest> requestStream,
            IServerStreamWriter<ConnectResponse> responseStream,
            ServerCallContext context
        )
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(
                context.CancellationToken,
                proxy._cut.Token
            );
            var headers = new Metadata { { "authorization", context.RequestHeaders.GetValue("authorization")! } };
            using var call = new AgentService.AgentServiceClient(proxy._channel).Connect(
                headers,
                cancellationToken: end.Token
            );
            var up = Pump(requestStream, call.RequestStream.WriteAsync, f => new RecordedStep.Up(f), end.Token);
            var down = Pump(call.ResponseStream, responseStream.WriteAsync, f => new RecordedStep.Down(f), end.Token);
            await await Task.WhenAny(up, down);
        }

        private async Task Pump<T>(
            IAsyncStreamReader<T> from,
            Func<T, CancellationToken, Task> to,
            Func<T, RecordedStep> step,
            CancellationToken ct
        )
        {
            while (await from.MoveNext(ct))
            {
                proxy.Add(step(from.Current));
                await to(from.Current, ct);
            }
        }
    }
}
