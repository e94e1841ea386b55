using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Observability;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Coder.Mesh.Protocol.Network;
using Coder.Mesh.Shared;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Agent.Connection;

/// <summary>A stream after its Welcome. Disposing of it ends it.</summary>
/// <param name="Readiness">The readiness in the Hello.</param>
internal sealed record Dialed(
    GrpcChannel Channel,
    AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> Call,
    Welcome Welcome,
    Readiness Readiness
) : IDisposable
{
    public void Dispose()
    {
        Call.Dispose();
        Channel.Dispose();
    }
}

/// <summary>Opens a stream and waits for its Welcome.</summary>
internal sealed class Dialer(
    ConnectionOptions options,
    TokenSource tokens,
    ClusterStatus cluster,
    ServerClock clock,
    WelcomedDetails details,
    AgentMetrics metrics,
    TimeProvider time
)
{
    // A reachable cluster answers much faster; an unreachable one must not delay the report of that.
    private static readonly TimeSpan FirstProbeLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WelcomeLimit = TimeSpan.FromSeconds(15);

    private readonly string _instanceId = Guid.NewGuid().ToString("N");

    /// <exception cref="TokenUnusableException">There is no token to send.</exception>
    /// <exception cref="RpcException">The control plane cannot be reached, or refused the agent.</exception>
    /// <exception cref="HandshakeException">The peer violates the protocol.</exception>
    public async Task<Dialed> Dial(CancellationToken ct)
    {
        var token = await tokens.Read(ct);
        var readiness = await FirstReadiness(ct);
        using var limit = new CancellationTokenSource(WelcomeLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);

        // A new channel for each attempt: a new name lookup, and no state of a broken connection.
        var channel = MakeChannel();
        AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse>? call = null;
        try
        {
            call = new AgentService.AgentServiceClient(channel).Connect(
                new Metadata { { "authorization", $"Bearer {token}" } },
                // The stream outlives the attempt and its time limit.
                cancellationToken: CancellationToken.None
            );
            var welcome = await Handshake(call, readiness, both.Token);
            return new Dialed(channel, call, welcome, readiness);
        }
        catch (Exception e)
        {
            call?.Dispose();
            channel.Dispose();
            if (limit.IsCancellationRequested && !ct.IsCancellationRequested)
                throw new HandshakeException($"No Welcome within {WelcomeLimit.TotalSeconds:0} s.", e);
            ct.ThrowIfCancellationRequested();
            throw;
        }
    }

    private async Task<Readiness> FirstReadiness(CancellationToken ct)
    {
        if (cluster.Current is { } known)
            return known;
        using var limit = new CancellationTokenSource(FirstProbeLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            return await cluster.Next(null, both.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return Readiness.Unknown(cluster.InitialFacts, time.GetUtcNow());
        }
    }

    private async Task<Welcome> Handshake(
        AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call,
        Readiness readiness,
        CancellationToken ct
    )
    {
        var sent = time.GetUtcNow().ToTimestamp();
        try
        {
            await call.RequestStream.WriteAsync(MakeHello(readiness), ct);
            metrics.FrameSent(ConnectRequest.FrameOneofCase.Hello);
        }
        catch (Exception e) when (DisconnectReasons.IsReportedByRead(e) && !ct.IsCancellationRequested)
        {
            // The refusal may arrive before the Hello is sent; the reader receives it.
        }

        if (!await call.ResponseStream.MoveNext(ct))
            throw new HandshakeException("The control plane ended the stream without a Welcome.");
        var frame = call.ResponseStream.Current;
        metrics.FrameReceived(frame.FrameCase);
        if (frame.FrameCase != ConnectResponse.FrameOneofCase.Welcome)
            throw new HandshakeException($"The control plane began with {frame.FrameCase} in place of Welcome.");
        var welcome = Check(frame.Welcome);
        clock.Observe(sent, welcome.ServerTime, time.GetUtcNow());
        details.StorageClass = welcome.StorageClass;
        return welcome;
    }

    private static Welcome Check(Welcome welcome)
    {
        if (welcome.ProtocolVersion is < ProtocolVersion.Min or > ProtocolVersion.Max)
            throw new HandshakeException($"The control plane chose protocol version {welcome.ProtocolVersion}.");
        if (welcome.ProviderId.Length == 0 || welcome.DeploymentId.Length == 0)
            throw new HandshakeException("Welcome names no provider or no deployment.");
        if (welcome.HeartbeatInterval is null || welcome.HeartbeatInterval.ToTimeSpan() <= TimeSpan.Zero)
            throw new HandshakeException("Welcome names no heartbeat interval.");
        return welcome;
    }

    private ConnectRequest MakeHello(Readiness readiness) =>
        new()
        {
            Hello = new Hello
            {
                MinProtocolVersion = ProtocolVersion.Min,
                MaxProtocolVersion = ProtocolVersion.Max,
                AgentVersion = BuildVersion.Text,
                InstanceId = _instanceId,
                NamespaceUid = readiness.NamespaceUid,
                Cluster = readiness.Facts,
                AccessUrl = options.AccessUrl.GetLeftPart(UriPartial.Authority),
                HeartbeatInterval = options.HeartbeatInterval.ToDuration(),
                Readiness = readiness.ToReport(),
            },
        };

    private GrpcChannel MakeChannel()
    {
        var handler = new SocketsHttpHandler
        {
            // The stream must not become part of the current trace, nor a span that lasts as long as the stream.
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            UseCookies = false,
        };
        handler.UseProxyFor(options.AccessUrl, Environment.GetEnvironmentVariable);
        return GrpcChannel.ForAddress(
            options.AccessUrl,
            new GrpcChannelOptions { DisposeHttpClient = true, HttpHandler = handler }
        );
    }
}

/// <summary>Thrown if the control plane sends no Welcome in time, or an invalid one.</summary>
internal sealed class HandshakeException(string message, Exception? inner = null) : Exception(message, inner);
