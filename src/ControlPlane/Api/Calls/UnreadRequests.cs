using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.Protocol;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>
/// Answers calls whose request could not be read. They fail before any interceptor is called, and gRPC itself would
/// answer UNKNOWN or INTERNAL and log a stack trace.
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

    /// <summary>
    /// Maximum time from the headers of a call to the end of its only message, including its wait for a permit.
    /// </summary>
    public static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(30);

    // RFC 9113, 7: the peer generates excessive load. gRPC clients receive RESOURCE_EXHAUSTED.
    private const int EnhanceYourCalm = 0xb;

    private sealed class Read
    {
        public volatile bool Done;
    }

    /// <summary>Records that the message was read, or that the method reads its stream itself.</summary>
    public static void WasRead(HttpContext context) => context.Features.Get<Read>()?.Done = true;

    public static IApplicationBuilder UseUnreadRequests(this IApplicationBuilder app)
    {
        var metrics = app.ApplicationServices.GetRequiredService<ApiMetrics>();
        var time = app.ApplicationServices.GetRequiredService<TimeProvider>();
        return app.Use(
            async (context, next) =>
            {
                if (!GrpcErrors.IsGrpc(context.Request))
                {
                    await next(context);
                    return;
                }

                var read = new Read();
                context.Features.Set(read);
                using (Limit(context, read, time))
                    await next(context);
                if (read.Done || ErrorOf(context.Response) is not { } error)
                    return;
                metrics.Refused(error.Reason);
                GrpcErrors.Write(context.Response, error);
            }
        );
    }

    // Kestrel's own limit of slow bodies would end the connection with all of its calls and watches.
    private static ITimer Limit(HttpContext context, Read read, TimeProvider time)
    {
        context.Features.Get<IHttpMinRequestBodyDataRateFeature>()?.MinDataRate = null;
        var stream = context.Features.Get<IHttpResetFeature>();
        return time.CreateTimer(
            _ =>
            {
                if (!read.Done)
                    stream?.Reset(EnhanceYourCalm);
            },
            null,
            ReadLimit,
            Timeout.InfiniteTimeSpan
        );
    }

    private static Error? ErrorOf(HttpResponse response)
    {
        return Is(StatusCode.Unknown) || Is(StatusCode.Internal) ? Invalid
            : Is(StatusCode.ResourceExhausted) ? TooLarge
            : null;

        bool Is(StatusCode code) => GrpcErrors.IsBare(response, (int)code);
    }
}
