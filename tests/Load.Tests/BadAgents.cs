using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Tests;

/// <summary>
/// One agent of each bad kind, each on a connection of its own; they go on until the other end has enough.
/// </summary>
internal sealed class BadAgents : IAsyncDisposable
{
    /// <summary>Tokens that they need.</summary>
    public const int Count = 5;

    // The length of a message in a gRPC frame is its second to fifth byte.
    private static readonly byte[] ClaimOfOneGiB = [0, 0x40, 0, 0, 0];

    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _target;
    private readonly CrowdOptions _options;
    private readonly Task _running;

    private BadAgents(Uri target, IReadOnlyList<AgentIdentity> identities)
    {
        _target = target;
        _options = new CrowdOptions
        {
            Target = target,
            Heartbeat = Limits.MaxHeartbeat,
            Duration = TimeSpan.Zero,
            Settle = TimeSpan.Zero,
            Ramp = 1,
        };
        byte[] garbage = new byte[4096];
        new Random(1).NextBytes(garbage);
        _running = Task.WhenAll(
            Until(() => Converse(identities[0], Flood)),
            Until(() => Converse(identities[1], NeverRead)),
            Until(() => Converse(identities[2], NeverSpeak)),
            Until(() => Post(identities[3], Message(garbage))),
            Until(() => Post(identities[4], ClaimOfOneGiB)),
            Until(() => Babble(garbage))
        );
    }

    public static BadAgents Start(Uri target, IReadOnlyList<AgentIdentity> identities) => new(target, identities);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task Until(Func<Task> misbehave)
    {
        try
        {
            await misbehave();
        }
        catch (Exception e)
            when (e
                    is RpcException
                        or InvalidOperationException
                        or IOException
                        or HttpRequestException
                        or SocketException
                        or OperationCanceledException
            )
        {
            // The other end had enough, or the test: which, and how, is for that end's metrics to say.
        }
    }

    private async Task Converse(
        AgentIdentity identity,
        Func<AgentIdentity, AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse>, Task> misbehave
    )
    {
        using var channel = GrpcChannel.ForAddress(_target);
        var headers = new Metadata { { "authorization", $"Bearer {identity.Token}" } };
        using var call = new AgentService.AgentServiceClient(channel).Connect(headers, cancellationToken: _stop.Token);
        await misbehave(identity, call);
    }

    /// <summary>Reports a workspace that nobody knows, and at once another.</summary>
    private async Task Flood(AgentIdentity identity, AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call)
    {
        var reading = ReadAll(call);
        await call.RequestStream.WriteAsync(Hello(identity), _stop.Token);
        while (!reading.IsCompleted)
            await call.RequestStream.WriteAsync(Report(), _stop.Token);
    }

    private async Task NeverRead(AgentIdentity identity, AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call)
    {
        await call.RequestStream.WriteAsync(Hello(identity), _stop.Token);
        while (true)
            await call.RequestStream.WriteAsync(AgentFrames.Heartbeat(DateTimeOffset.UtcNow), _stop.Token);
    }

    private Task NeverSpeak(AgentIdentity identity, AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call) =>
        ReadAll(call);

    private async Task ReadAll(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call)
    {
        while (await call.ResponseStream.MoveNext(_stop.Token)) { }
    }

    /// <summary>Says Hello as it should be, and then bytes as no client of gRPC would.</summary>
    private async Task Post(AgentIdentity identity, byte[] bytes)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(
            HttpMethod.Post,
            new Uri(_target, "/coder.mesh.agent.v1.AgentService/Connect")
        )
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new OpenContent([.. Message(Hello(identity).ToByteArray()), .. bytes], _stop.Token),
        };
        request.Headers.TryAddWithoutValidation("authorization", $"Bearer {identity.Token}");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _stop.Token);
        await response.Content.ReadAsByteArrayAsync(_stop.Token);
    }

    /// <summary>Speaks no HTTP at all.</summary>
    private async Task Babble(byte[] garbage)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_target.Host, _target.Port, _stop.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(garbage, _stop.Token);
        while (await stream.ReadAsync(garbage, _stop.Token) > 0) { }
    }

    private ConnectRequest Hello(AgentIdentity identity) =>
        AgentFrames.Hello(identity, _options, DateTimeOffset.UtcNow);

    private static ConnectRequest Report() =>
        new()
        {
            WorkspaceObserved = new WorkspaceObserved
            {
                WorkspaceId = Guid.NewGuid().ToString("n"),
                Generation = 1,
                Version = 1,
                State = WorkspaceState.Running,
            },
        };

    private static byte[] Message(byte[] content)
    {
        var message = new byte[5 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), content.Length);
        content.CopyTo(message, 5);
        return message;
    }

    /// <summary>Sends bytes and leaves the stream open.</summary>
    private sealed class OpenContent : HttpContent
    {
        private readonly byte[] _bytes;
        private readonly CancellationToken _stop;

        public OpenContent(byte[] bytes, CancellationToken stop)
        {
            (_bytes, _stop) = (bytes, stop);
            Headers.ContentType = new("application/grpc");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_bytes, _stop);
            await stream.FlushAsync(_stop);
            await Task.Delay(Timeout.Infinite, _stop);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
