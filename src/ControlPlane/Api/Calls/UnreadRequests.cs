using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>
/// Answers calls whose request could not be read. They fail before any interceptor is called, and gRPC has only UNKNOWN or
/// INTERNAL for them, and a stack trace in the log.
/// </summary>
internal static class UnreadRequests
{
    private static readonly Error Invalid = new(
        ErrorKind.InvalidArgument,
        ErrorReasons.BodyInvalid,
        "The request is not one message of the method's type in the protobuf encoding, with strings in UTF-8."
    );

    private static readonly Error TooLarge = new(
        ErrorKind.InvalidArgument,
        ErrorReasons.BodyTooLarge,
        "The request is larger than 4 MiB."
    );

    private sealed class Read
    {
        public static readonly Read Done = new();
    }

    /// <summary>From here on a failure is not one of reading the request.</summary>
    public static void WasRead(HttpContext context) => context.Features.Set(Read.Done);

    public static IApplicationBuilder UseUnreadRequests(this IApplicationBuilder app)
    {
        var metrics = app.ApplicationServices.GetRequiredService<ApiMetrics>();
        return app.Use(
            async (context, next) =>
            {
                await next(context);
                if (
                    !GrpcErrors.IsGrpc(context.Request)
                    || context.Features.Get<Read>() is not null
                    || RefusalOf(context.Response) is not { } error
                )
                    return;
                metrics.Refused(error.Reason);
                GrpcErrors.Write(context.Response, error);
            }
        );
    }

    private static Error? RefusalOf(HttpResponse response)
    {
        return Is(StatusCode.Unknown) || Is(StatusCode.Internal) ? Invalid
            : Is(StatusCode.ResourceExhausted) ? TooLarge
            : null;

        bool Is(StatusCode code) => GrpcErrors.IsBare(response, (int)code);
    }
}
