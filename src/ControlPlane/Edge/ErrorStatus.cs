using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Edge;

/// <summary>
/// Converts errors to <c>google.rpc.Status</c>. Used by services, interceptors and the authentication.
/// </summary>
internal static class ErrorStatus
{
    public static async Task<T> OrThrow<T>(this Task<Result<T>> result) => (await result).OrThrow();

    public static T OrThrow<T>(this Result<T> result) =>
        result.Error is null ? result.Value : throw result.Error.ToRpcException();

    /// <exception cref="RpcException">A field is invalid. Names all invalid fields.</exception>
    public static void ThrowIfViolated(this Fields fields)
    {
        if (fields.Error is { } error)
            throw error.ToRpcException();
    }

    public static RpcException ToRpcException(this Error error) => error.ToStatus().ToRpcException();

    public static Google.Rpc.Status ToStatus(this Error error)
    {
        var status = new Google.Rpc.Status { Code = (int)CodeOf(error.Kind), Message = error.Message };
        var info = new ErrorInfo { Reason = error.Reason, Domain = ErrorReasons.Domain };
        info.Metadata.Add(error.Metadata.ToDictionary());
        status.Details.Add(Any.Pack(info));
        if (error.Fields.Count > 0)
        {
            var badRequest = new BadRequest();
            badRequest.FieldViolations.AddRange(
                error.Fields.Select(f => new BadRequest.Types.FieldViolation { Field = f.Field, Description = f.Rule })
            );
            status.Details.Add(Any.Pack(badRequest));
        }

        if (error.Preconditions.Count > 0)
        {
            var failure = new PreconditionFailure();
            failure.Violations.AddRange(
                error.Preconditions.Select(p => new PreconditionFailure.Types.Violation
                {
                    Type = p.Type,
                    Subject = p.Subject,
                    Description = p.Description,
                })
            );
            status.Details.Add(Any.Pack(failure));
        }

        if (error.RetryDelay is { } delay)
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(delay) }));
        return status;
    }

    private static StatusCode CodeOf(ErrorKind kind) =>
        kind switch
        {
            ErrorKind.InvalidArgument => StatusCode.InvalidArgument,
            ErrorKind.NotFound => StatusCode.NotFound,
            ErrorKind.AlreadyExists => StatusCode.AlreadyExists,
            ErrorKind.FailedPrecondition => StatusCode.FailedPrecondition,
            ErrorKind.Aborted => StatusCode.Aborted,
            ErrorKind.Unauthenticated => StatusCode.Unauthenticated,
            ErrorKind.PermissionDenied => StatusCode.PermissionDenied,
            ErrorKind.Unavailable => StatusCode.Unavailable,
            ErrorKind.DeadlineExceeded => StatusCode.DeadlineExceeded,
            ErrorKind.ResourceExhausted => StatusCode.ResourceExhausted,
            ErrorKind.OutOfRange => StatusCode.OutOfRange,
            ErrorKind.Unimplemented => StatusCode.Unimplemented,
            ErrorKind.Internal => StatusCode.Internal,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no status for this kind"),
        };
}
