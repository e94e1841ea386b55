using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;
using JasperFx;
using Microsoft.AspNetCore.Connections;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>Converts failures that services do not handle into statuses with advice, and logs the others.</summary>
internal sealed class FailureInterceptor(
    RefusalLog refusals,
    ApiMetrics metrics,
    StoreHealth health,
    ILogger<FailureInterceptor> logger
) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation
    )
    {
        UnreadRequests.WasRead(context.GetHttpContext());
        try
        {
            MessageRules.Check(request).ThrowIfViolated();
            return await continuation(request, context);
        }
        catch (Exception e) when (Translate(e, request, context) is { } translated)
        {
            throw translated;
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation
    )
    {
        UnreadRequests.WasRead(context.GetHttpContext());
        try
        {
            MessageRules.Check(request).ThrowIfViolated();
            await continuation(request, responseStream, context);
        }
        catch (Exception e) when (Translate(e, request, context) is { } translated)
        {
            throw translated;
        }
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation
    )
    {
        UnreadRequests.WasRead(context.GetHttpContext());
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception e) when (Translate(e, null, context) is { } translated)
        {
            throw translated;
        }
    }

    // Writing to a stream that has ended throws InvalidOperationException; Npgsql reports a cancelled command.
    private static bool IsOfHangingUp(Exception exception) =>
        exception is OperationCanceledException or IOException or InvalidOperationException
        || StoreFailure.State(exception) == PostgresErrorCodes.QueryCanceled;

    /// <param name="request">Null for streams of requests: those of agents have their own metrics.</param>
    private RpcException? Translate(Exception exception, object? request, ServerCallContext context)
    {
        var translated = Translated(exception, request, context);
        if (request is not null && (translated ?? exception as RpcException) is { } refused)
            metrics.Refused(refused);
        return translated;
    }

    private RpcException? Translated(Exception exception, object? request, ServerCallContext context)
    {
        switch (exception)
        {
            case RpcException told when request is IMessage message && Listener.Json.Serves(context.GetHttpContext()):
                return JsonFieldNames.Renamed(told, message.Descriptor);
            case RpcException:
                return null;
            // The caller has disconnected or cancelled the call. Nothing is sent, and a status is not logged as an
            // error.
            case ConnectionAbortedException or ConnectionResetException:
            case Exception when context.CancellationToken.IsCancellationRequested && IsOfHangingUp(exception):
                return new RpcException(new Status(StatusCode.Cancelled, "The caller cancelled the call."));
            case ConcurrencyException:
                return new Error(
                    ErrorKind.Aborted,
                    ErrorReasons.ConcurrentChange,
                    "Others changed the same thing at the same time; try again."
                ).ToRpcException();
        }

        // While the database does not respond, the calls that wait for it hold all connections.
        if (StoreFailure.IsPoolExhausted(exception) && !health.Unreachable.IsCancellationRequested)
            return CallErrors.TooManyCalls().ToRpcException();
        if (StoreFailure.IsUnavailable(exception))
        {
            RecordStoreUnavailable(exception, context);
            return StoreFailure.Unavailable.ToRpcException();
        }

        logger.CallFailed(exception, context.Method);
        return new Error(
            ErrorKind.Internal,
            ErrorReasons.Internal,
            "The control plane failed; its log has the details under this call's trace id."
        ).ToRpcException();
    }

    private void RecordStoreUnavailable(Exception exception, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        refusals.Add(
            Caller.SubjectOf(http.User),
            StoreFailure.Unavailable.Reason,
            $"{context.Method}: {exception.Message}",
            http.Connection.RemoteIpAddress
        );
    }
}
