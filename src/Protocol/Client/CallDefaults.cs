using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Coder.Mesh.Protocol.Client;

/// <summary>Sets deadlines of calls and request ids of writes, and converts errors to typed exceptions.</summary>
internal sealed class CallDefaults(TimeSpan timeout, TimeProvider time) : Interceptor
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        BlockingUnaryCallContinuation<TRequest, TResponse> continuation
    )
    {
        try
        {
            return continuation(Identified(request), WithDeadline(context));
        }
        catch (RpcException e)
        {
            throw MeshException.From(e);
        }
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation
    )
    {
        var call = continuation(Identified(request), WithDeadline(context));
        return new AsyncUnaryCall<TResponse>(
            Typed(call.ResponseAsync),
            Typed(call.ResponseHeadersAsync),
            call.GetStatus,
            call.GetTrailers,
            call.Dispose
        );
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation
    )
    {
        var call = continuation(request, context);
        return new AsyncServerStreamingCall<TResponse>(
            new TypedReader<TResponse>(call.ResponseStream),
            Typed(call.ResponseHeadersAsync),
            call.GetStatus,
            call.GetTrailers,
            call.Dispose
        );
    }

    private ClientInterceptorContext<TRequest, TResponse> WithDeadline<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context
    )
        where TRequest : class
        where TResponse : class =>
        context.Options.Deadline is not null
            ? context
            : new ClientInterceptorContext<TRequest, TResponse>(
                context.Method,
                context.Host,
                context.Options.WithDeadline(time.GetUtcNow().UtcDateTime + timeout)
            );

    // Set once per call, above the channel, so that its retries have the same id. The message of the caller is not
    // changed: sending it again is a new request.
    private static T Identified<T>(T request)
    {
        if (
            request is not IMessage message
            || message.Descriptor.FindFieldByName("request_id") is not { } field
            || field.Accessor.GetValue(message) is not ""
        )
            return request;
        var identified = ((IDeepCloneable<T>)message).Clone();
        field.Accessor.SetValue((IMessage)identified!, Guid.NewGuid().ToString("n"));
        return identified;
    }

    private static async Task<T> Typed<T>(Task<T> answer)
    {
        try
        {
            return await answer.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            throw MeshException.From(e);
        }
    }

    private sealed class TypedReader<T>(IAsyncStreamReader<T> messages) : IAsyncStreamReader<T>
    {
        public T Current => messages.Current;

        public Task<bool> MoveNext(CancellationToken cancellationToken) => Typed(messages.MoveNext(cancellationToken));
    }
}
