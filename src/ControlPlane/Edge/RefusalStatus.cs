using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>Converts errors to <c>google.rpc.Status</c>. Used by services, interceptors and the authentication.</summary>
internal static class RefusalStatus
{
    public static async Task<T> OrThrow<T>(this Task<Result<T>> result) => (await result).OrThrow();

    public static T OrThrow<T>(this Result<T> result) =>
        result.Refusal is null ? result.Value : throw result.Refusal.ToRpcException();

    /// <exception cref="RpcException">A field is invalid. Names all invalid fields.</exception>
    public static void ThrowIfViolated(this Fields fields)
    {
        if (fields.Refusal is { } refusal)
            throw refusal.ToRpcException();
    }

    public static RpcException ToRpcException(this Refusal refusal) => refusal.ToStatus().ToRpcException();

    public static Google.Rpc.Status ToStatus(this Refusal refusal)
    {
        var status = new Google.Rpc.Status { Code = (int)CodeOf(refusal.Kind), Message = refusal.Message };
        var info = new ErrorInfo { Reason = refusal.Reason, Domain = ErrorReasons.Domain };
        info.Metadata.Add(refusal.Metadata.ToDictionary());
        status.Details.Add(Any.Pack(info));
        if (refusal.Fields.Count > 0)
        {
            var badRequest = new BadRequest();
            badRequest.FieldViolations.AddRange(
                refusal.Fields.Select(f => new BadRequest.Types.FieldViolation
                {
                    Field = f.Field,
                    Description = f.Rule,
                })
            );
            status.Details.Add(Any.Pack(badRequest));
        }

        if (refusal.Preconditions.Count > 0)
        {
            var failure = new PreconditionFailure();
            failure.Violations.AddRange(
                refusal.Preconditions.Select(p => new PreconditionFailure.Types.Violation
                {
                    Type = p.Type,
                    Subject = p.Subject,
                    Description = p.Description,
                })
            );
            status.Details.Add(Any.Pack(failure));
        }

        if (refusal.RetryDelay is { } delay)
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        return status;
    }

    private static StatusCode CodeOf(RefusalKind kind) =>
        kind switch
        {
            RefusalKind.InvalidArgument => StatusCode.InvalidArgument,
            RefusalKind.NotFound => StatusCode.NotFound,
            RefusalKind.AlreadyExists => StatusCode.AlreadyExists,
            RefusalKind.FailedPrecondition => StatusCode.FailedPrecondition,
            RefusalKind.Aborted => StatusCode.Aborted,
            RefusalKind.Unauthenticated => StatusCode.Unauthenticated,
            RefusalKind.PermissionDenied => StatusCode.PermissionDenied,
            RefusalKind.Unavailable => StatusCode.Unavailable,
            RefusalKind.DeadlineExceeded => StatusCode.DeadlineExceeded,
            RefusalKind.ResourceExhausted => StatusCode.ResourceExhausted,
            RefusalKind.OutOfRange => StatusCode.OutOfRange,
            RefusalKind.Unimplemented => StatusCode.Unimplemented,
            RefusalKind.Internal => StatusCode.Internal,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no status for this kind"),
        };
}
