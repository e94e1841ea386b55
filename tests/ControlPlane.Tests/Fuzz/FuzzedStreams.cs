using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.ControlPlane.Tests.Fuzz;

/// <summary>Sends bytes as an agent's frames; a session that they end is followed by another one.</summary>
internal sealed class FuzzedStreams(TestControlPlane plane, FuzzedMessages messages, FuzzFindings findings)
{
    private const int FramesPerSession = 100;

    private static readonly Marshaller<byte[]> Bytes = Marshallers.Create(b => b, b => b);

    private static readonly Method<byte[], byte[]> Connect = new(
        MethodType.DuplexStreaming,
        AgentService.Descriptor.FullName,
        "Connect",
        Bytes,
        Bytes
    );

    private static readonly string[] Names = [.. ConnectRequest.Descriptor.Oneofs[0].Fields.Select(f => f.Name)];

    /// <returns>How many inputs were sent.</returns>
    public async Task<int> Session(string token, string namespaceUid, int seed, CancellationToken ct)
    {
        var random = new Random(seed);
        var headers = new Metadata { { "authorization", $"Bearer {token}" } };
        // A connection of its own, as agents have: a stream that ends while it is written to may take its connection
        // along.
        using var channel = GrpcChannel.ForAddress(plane.GrpcAddress);
        using var call = channel
            .CreateCallInvoker()
            .AsyncDuplexStreamingCall(Connect, null, new CallOptions(headers, cancellationToken: ct));
        // One in four begins with what may be no Hello.
        var frame =
            random.Next(4) == 0
                ? Frame(random, "hello", namespaceUid)
                : new ConnectRequest { Hello = TestAgent.Hello(h => h.NamespaceUid = namespaceUid) }.ToByteArray();
        for (var sent = 1; ; sent++)
        {
            if (!await IsTaken(call, frame, sent, seed, ct) || sent == FramesPerSession)
                return sent;
            frame = Frame(random, Names[random.Next(1, Names.Length)], namespaceUid);
        }
    }

    /// <summary>Sends a frame and then a heartbeat: once that is acknowledged, the frame has been dealt with.</summary>
    /// <returns>False if the session has ended by it.</returns>
    private async Task<bool> IsTaken(
        AsyncDuplexStreamingCall<byte[], byte[]> call,
        byte[] frame,
        int number,
        int seed,
        CancellationToken ct
    )
    {
        var mark = new Timestamp { Seconds = number, Nanos = 7 };
        try
        {
            await call.RequestStream.WriteAsync(frame, ct);
            var heartbeat = new ConnectRequest { Heartbeat = new Heartbeat { SentTime = mark } };
            await call.RequestStream.WriteAsync(heartbeat.ToByteArray(), ct);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or HttpRequestException)
        {
            // Ended meanwhile; the reading side knows why.
        }

        try
        {
            while (await call.ResponseStream.MoveNext(ct))
                if (mark.Equals(ConnectResponse.Parser.ParseFrom(call.ResponseStream.Current).HeartbeatAck?.SentTime))
                {
                    findings.Answered("Connect", "taken");
                    return true;
                }

            findings.Answered("Connect");
        }
        catch (RpcException e) when (e.Status.DebugException is not null)
        {
            findings.Answered("Connect", "lost the connection");
        }
        catch (RpcException e)
        {
            findings.Refused("Connect", e, seed, frame);
        }

        return false;
    }

    private byte[] Frame(Random random, string kind, string namespaceUid)
    {
        // Goodbyes end the session, so that nothing comes after.
        if (kind == "goodbye" && random.Next(10) > 0)
            kind = "workspace_observed";
        var field = ConnectRequest.Descriptor.FindFieldByName(kind);
        return messages.Next(
            random,
            ConnectRequest.Descriptor,
            message =>
            {
                foreach (var other in ConnectRequest.Descriptor.Oneofs[0].Fields)
                    other.Accessor.Clear(message);
                var content = messages.Message(random, field.MessageType);
                if (content is Hello hello && random.Next(4) > 0)
                    hello.NamespaceUid = namespaceUid;
                field.Accessor.SetValue(message, content);
            }
        );
    }
}
