using System.Diagnostics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>The gRPC service of agents: admits an agent, then runs its session until either side ends it.</summary>
[Authorize(Policies.Agent)]
internal sealed class AgentStreamService(
    SessionPermits permits,
    AgentAdmission admission,
    AgentSessionRunner runner,
    StreamDrain drain,
    OpenStreams streams,
    DeploymentView deployment,
    ProviderNames names,
    AttachRecorder attaches,
    IOptions<AgentStreamOptions> options,
    TimeProvider time
) : AgentService.AgentServiceBase
{
    public const string Path = "/coder.mesh.agent.v1.AgentService/Connect";

    /// <summary>Whether a request was routed to this service.</summary>
    public static bool Serves(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType == typeof(AgentStreamService);

    public override async Task Connect(
        IAsyncStreamReader<ConnectRequest> requestStream,
        IServerStreamWriter<ConnectResponse> responseStream,
        ServerCallContext context
    )
    {
        // The span of the request lasts as long as the stream. Frames link to it and are never its children.
        var sessionSpan = Activity.Current?.Context ?? default;
        Activity.Current = null;
        streams.Enter(context.GetHttpContext());
        if (drain.Refuses)
            throw new Ending(SessionEnd.Shutdown, "").ToException()!;

        var ct = context.CancellationToken;
        var subject = context.Caller().Subject;
        using var permit = Granted(await Noted(permits.Take(), subject, ct), subject, context);
        var (attached, welcome) = await Admit(requestStream, context, sessionSpan);
        context.GetHttpContext().Features.Get<Arrival>()?.Attached();
        var end = await runner.Run(attached, welcome, requestStream, responseStream, sessionSpan, ct);
        if (end.ToException() is { } error)
            throw error;
    }

    // Apart from the caller, whose variables last as long as the stream.
    private async Task<(AttachedSession Attached, ConnectResponse Welcome)> Admit(
        IAsyncStreamReader<ConnectRequest> requests,
        ServerCallContext context,
        ActivityContext sessionSpan
    )
    {
        var ct = context.CancellationToken;
        var agent = context.Caller();
        var asked = await Noted(await ReadHello(requests, ct), agent.Subject, ct);
        var (hello, interval) = Granted(asked, agent.Subject, context);
        var frame = requests.Current;
        using var span = Tracing.StartReceive(FrameNames.Of(frame.FrameCase), frame.Traceparent, sessionSpan);
        var attached = Granted(await admission.Admit(hello, agent, interval, ct), agent.Subject, context);
        attaches.Attached(context.GetHttpContext(), AccessSubjects.Provider(agent.Subject), Named(agent.Subject));
        return (attached, await Welcome(attached, hello, interval, ct));
    }

    private async Task<Result<(Hello Hello, TimeSpan HeartbeatInterval)>> ReadHello(
        IAsyncStreamReader<ConnectRequest> requests,
        CancellationToken ct
    )
    {
        using var timeout = new CancellationTokenSource(options.Value.HelloTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            if (await requests.MoveNextFrame(either.Token) && requests.Current.Hello is { Readiness: not null } hello)
                return (hello, hello.HeartbeatInterval(options.Value.HeartbeatInterval));
            return new ProtocolException("hello: the first frame must be one, with a readiness report").ToError();
        }
        catch (ProtocolException e)
        {
            return e.ToError();
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            return new Error(
                ErrorKind.DeadlineExceeded,
                ErrorReasons.HelloTimeout,
                $"No Hello came within {options.Value.HelloTimeout.TotalSeconds:0} seconds."
            );
        }
    }

    /// <summary>Returns the result of a request with a valid token; a refusal is counted and recorded.</summary>
    private T Granted<T>(Result<T> asked, string providerId, ServerCallContext context)
    {
        if (asked.Error is not { } error)
            return asked.Value;
        attaches.Refused(context.GetHttpContext(), AccessSubjects.Provider(providerId), error, Named(providerId));
        throw error.ToRpcException();
    }

    private async Task<Result<T>> Noted<T>(Result<T> asked, string providerId, CancellationToken ct)
    {
        if (asked.Error is { } error)
            await admission.Note(providerId, error, ct);
        return asked;
    }

    private string Named(string providerId) => $"provider {names.Of(providerId)} ({providerId})";

    private async Task<ConnectResponse> Welcome(
        AttachedSession attached,
        Hello hello,
        TimeSpan interval,
        CancellationToken ct
    )
    {
        var (presence, provider) = (attached.Presence, attached.Provider);
        if (provider is not null)
            names.Saw(provider);
        return new ConnectResponse
        {
            Welcome = new Welcome
            {
                Epoch = (ulong)presence.Epoch,
                HeartbeatInterval = Duration.FromTimeSpan(interval),
                ServerTime = Timestamp.FromDateTimeOffset(time.GetUtcNow()),
                ProtocolVersion = ProtocolVersion.Negotiate(hello.MinProtocolVersion, hello.MaxProtocolVersion) ?? 0,
                ProviderId = presence.ProviderId,
                ProviderName = provider?.Name ?? "",
                // Not cancelled: an attached session has to reach its runner, which detaches it.
                DeploymentId = await deployment.Id(CancellationToken.None),
                Limits = new Limits
                {
                    MaxFrameBytes = (uint)options.Value.MaxFrameBytes,
                    MaxWorkspacesPerSnapshotPart = (uint)options.Value.MaxWorkspacesPerSnapshotPart,
                    MaxWorkspacesPerSnapshot = (uint)options.Value.SnapshotLimit,
                },
                StorageClass = provider?.Details.StorageClass ?? "",
            },
        };
    }
}
