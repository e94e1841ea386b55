using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>
/// Adds the control plane's log to answers that refer to it, since it is gone when a test has failed.
/// </summary>
internal sealed class ExplainedFailures(Func<ChildProcess> controlPlane) : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request,
        ClientInterceptorContext<TRequest, TResponse> context,
        AsyncUnaryCallContinuation<TRequest, TResponse> continuation
    )
    {
        var call = continuation(request, context);
        return new AsyncUnaryCall<TResponse>(
            Explained(call.ResponseAsync),
            call.ResponseHeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose
        );
    }

    private async Task<TResponse> Explained<TResponse>(Task<TResponse> response)
    {
        try
        {
            return await response;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.Internal)
        {
            var detail = $"{e.Status.Detail}\n{controlPlane().Output.Tail}";
            throw new RpcException(new Status(e.StatusCode, detail, e), e.Trailers);
        }
    }
}
