using Coder.Mesh.Agent.V1;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.Load.Floor;

/// <summary>The least that can answer agents: Hello with Welcome, Heartbeat with HeartbeatAck, nothing else.</summary>
internal sealed class FloorService(TimeProvider time) : AgentService.AgentServiceBase
{
    public override async Task Connect(
        IAsyncStreamReader<ConnectRequest> requestStream,
        IServerStreamWriter<ConnectResponse> responseStream,
        ServerCallContext context
    )
    {
        var ct = context.CancellationToken;
        while (await requestStream.MoveNext(ct))
        {
            var frame = requestStream.Current;
            if (frame.FrameCase == ConnectRequest.FrameOneofCase.Heartbeat)
                await responseStream.WriteAsync(new ConnectResponse { HeartbeatAck = Ack(frame.Heartbeat) }, ct);
            else if (frame.FrameCase == ConnectRequest.FrameOneofCase.Hello)
                await responseStream.WriteAsync(new ConnectResponse { Welcome = Welcome(frame.Hello) }, ct);
        }
    }

    private HeartbeatAck Ack(Heartbeat heartbeat) => new() { SentTime = heartbeat.SentTime, ServerTime = Now() };

    private Welcome Welcome(Hello hello) =>
        new()
        {
            Epoch = 1,
            HeartbeatInterval = hello.HeartbeatInterval,
            ServerTime = Now(),
            ProtocolVersion = ProtocolVersion.Max,
        };

    private Timestamp Now() => time.GetUtcNow().ToTimestamp();
}
