using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Grpc.Core;
using Grpc.Core.Interceptors;
using JasperFx;

namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>Turns failures that no service foresees into statuses that say what to do, and logs the rest.</summary>
internal sealed class FailureInterceptor(ILogger<FailureInterceptor> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request,
        ServerCallContext context,
        UnaryServerMethod<TRequest, TResponse> continuation
    )
    {
        try
        {
            return await continuation(request, context);
        }
        catch (Exception e) when (Translate(e, context) is { } translated)
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
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (Exception e) when (Translate(e, context) is { } translated)
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
        try
        {
            await continuation(requestStream, responseStream, context);
        }
        catch (Exception e) when (Translate(e, context) is { } translated)
        {
            throw translated;
        }
    }

    private RpcException? Translate(Exception exception, ServerCallContext context)
    {
        switch (exception)
        {
            case RpcException:
            case OperationCanceledException when context.CancellationToken.IsCancellationRequested:
                return null;
            case ConcurrencyException:
                return new Refusal(
                    RefusalKind.Aborted,
                    ErrorReasons.ConcurrentChange,
                    "Others changed the same thing at the same time; try again."
                ).ToRpcException();
        }

        if (StoreFailure.IsAway(exception))
        {
            logger.StoreAwayForCall(context.Method, exception.Message);
            return StoreFailure.Away.ToRpcException();
        }

        logger.CallFailed(exception, context.Method);
        return new Refusal(
            RefusalKind.Internal,
            ErrorReasons.Internal,
            "The control plane failed; its log has the details under this call's trace id."
        ).ToRpcException();
    }
}
