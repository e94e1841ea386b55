using System.Net.Sockets;
using Coder.Mesh.Agent.V1;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coder.Mesh.Load.Agents;

/// <summary>
/// One agent with a TCP connection of its own: attaches once, heartbeats until told to stop, never redials.
/// </summary>
internal sealed class SimulatedAgent(
    AgentIdentity identity,
    CrowdOptions options,
    CrowdCounters counters,
    TimeProvider time
)
{
    private readonly TaskCompletionSource<TimeSpan> _welcomed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes once the agent is attached, or never will be.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Completes once its first snapshot is answered, or never will be.</summary>
    public Task Answered => _answered.Task;

    /// <summary>The reason with which the server refused the agent, and the delay that it asked for.</summary>
    public (string Reason, TimeSpan? RetryDelay) Refused { get; private set; } = ("", null);

    /// <param name="phase">Where in its interval the first heartbeat falls, in [0, 1): a crowd must not beat as
    /// one.</param>
    /// <param name="stop">Asks the agent to leave.</param>
    public async Task Run(double phase, CancellationToken stop)
    {
        using var channel = Dial();
        using var abort = new CancellationTokenSource(options.AttachLimit, time);
        var headers = new Metadata { { "authorization", $"Bearer {identity.Token}" } };
        using var call = new AgentService.AgentServiceClient(channel).Connect(headers, cancellationToken: abort.Token);
        try
        {
            await Converse(call, phase, abort, stop);
            if (!stop.IsCancellationRequested)
                counters.EndedEarly("OK");
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // Leaving: how the stream ends no longer matters.
        }
        catch (RpcException e)
        {
            var late = abort.IsCancellationRequested && !_welcomed.Task.IsCompleted;
            counters.EndedEarly(late ? "no Welcome in time" : Kind(e));
            var status = e.GetRpcStatus();
            Refused = (
                status?.GetDetail<ErrorInfo>()?.Reason ?? "",
                status?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan()
            );
        }
        finally
        {
            if (_welcomed.Task.IsCompletedSuccessfully)
                counters.Detached(_welcomed.Task.Result);
            _settled.TrySetResult();
            _answered.TrySetResult();
        }
    }

    private async Task Converse(
        AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> call,
        double phase,
        CancellationTokenSource abort,
        CancellationToken stop
    )
    {
        using var requests = new SerialWriter(call.RequestStream);
        using var talking = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var receiving = Receive(call.ResponseStream, requests, talking, abort.Token);
        try
        {
            await requests.Write(AgentFrames.Hello(identity, options, time.GetUtcNow()), talking.Token);
            await Task.WhenAny(_welcomed.Task, receiving).WaitAsync(talking.Token);
            var interval = await _welcomed.Task.WaitAsync(talking.Token);
            abort.CancelAfter(Timeout.InfiniteTimeSpan);
            _settled.TrySetResult();
            await requests.Write(AgentFrames.EmptySnapshot(), talking.Token);
            await Beat(requests, interval, phase, talking.Token);
        }
        catch (Exception e)
            when (e is OperationCanceledException or RpcException or InvalidOperationException or IOException)
        {
            // Asked to stop, or the stream has ended; receiving knows how.
        }
        abort.CancelAfter(Limits.Leave);
        if (stop.IsCancellationRequested && !receiving.IsCompleted)
            await Leave(requests, abort.Token);
        await receiving;
    }

    private async Task Beat(SerialWriter requests, TimeSpan interval, double phase, CancellationToken ct)
    {
        await Task.Delay(interval * phase, time, ct);
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            await requests.Write(AgentFrames.Heartbeat(time.GetUtcNow()), ct);
            counters.HeartbeatSent();
        } while (await timer.WaitForNextTickAsync(ct));
    }

    private static async Task Leave(SerialWriter requests, CancellationToken ct)
    {
        try
        {
            await requests.Write(AgentFrames.Goodbye(), ct);
            await requests.Complete();
        }
        catch (Exception e)
            when (e is RpcException or InvalidOperationException or IOException or OperationCanceledException)
        {
            // The other end was faster.
        }
    }

    private async Task Receive(
        IAsyncStreamReader<ConnectResponse> responses,
        SerialWriter requests,
        CancellationTokenSource talking,
        CancellationToken ct
    )
    {
        try
        {
            while (await responses.MoveNext(ct))
            {
                Count(responses.Current);
                if (options.Answer?.Invoke(responses.Current) is { } answer)
                    await Say(requests, answer, ct);
            }
        }
        finally
        {
            await talking.CancelAsync();
        }
    }

    private static async Task Say(SerialWriter requests, ConnectRequest answer, CancellationToken ct)
    {
        try
        {
            await requests.Write(answer, ct);
        }
        catch (InvalidOperationException)
        {
            // The stream has ended; reading on tells how.
        }
    }

    private void Count(ConnectResponse frame)
    {
        switch (frame.FrameCase)
        {
            case ConnectResponse.FrameOneofCase.HeartbeatAck:
                counters.HeartbeatAnswered();
                break;
            case ConnectResponse.FrameOneofCase.Welcome:
                var interval = frame.Welcome.HeartbeatInterval?.ToTimeSpan() ?? options.Heartbeat;
                if (interval < Limits.MinHeartbeat)
                    interval = Limits.MinHeartbeat;
                if (_welcomed.TrySetResult(interval))
                    counters.Welcomed(interval);
                break;
            case ConnectResponse.FrameOneofCase.SnapshotComplete:
                counters.SnapshotAnswered();
                _answered.TrySetResult();
                break;
            default:
                counters.OtherFrame();
                break;
        }
    }

    // A handler per agent is a connection per agent; the callback also keeps the channel from probing an idle one.
    private GrpcChannel Dial()
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectTimeout = options.AttachLimit,
            ConnectCallback = async (connection, ct) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(connection.DnsEndPoint, ct);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
                counters.Dialled();
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return GrpcChannel.ForAddress(
            options.Target,
            new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true }
        );
    }

    private static string Kind(RpcException e) =>
        e.GetRpcStatus()?.GetDetail<ErrorInfo>() is { } info
            ? $"{e.StatusCode}/{info.Reason}"
            : e.StatusCode.ToString();
}
