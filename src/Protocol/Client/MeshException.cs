using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Protocol.Client;

/// <summary>
/// A failed call, with the details of the control plane. Errors that callers may handle differently have their own
/// types.
/// </summary>
public class MeshException : RpcException
{
    private protected MeshException(RpcException cause)
        : base(cause.Status, cause.Trailers, Text(cause))
    {
        // The answer may come from a proxy, with arbitrary trailers.
        var details = cause.Trailers.GetRpcStatus(ignoreParseError: true);
        var info = details?.GetDetail<ErrorInfo>();
        Reason = info?.Reason ?? "";
        Metadata = info?.Metadata.ToDictionary() ?? [];
        Fields =
        [
            .. (details?.GetDetail<BadRequest>()?.FieldViolations ?? []).Select(f => new FieldRule(
                f.Field,
                f.Description
            )),
        ];
        Violations =
        [
            .. (details?.GetDetail<PreconditionFailure>()?.Violations ?? []).Select(v => new RuleViolation(
                v.Type,
                v.Subject,
                v.Description
            )),
        ];
    }

    /// <summary>One of <see cref="ErrorReasons"/>; empty if the error does not come from the control plane.</summary>
    public string Reason { get; }

    /// <summary>Further data for programs; the keys are in <see cref="ErrorMetadata"/>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The invalid fields; may be empty.</summary>
    public IReadOnlyList<FieldRule> Fields { get; }

    /// <summary>The violated rules, such as the causes of a refused placement; may be empty.</summary>
    public IReadOnlyList<RuleViolation> Violations { get; }

    /// <summary>Converts an exception to the type for its status.</summary>
    public static MeshException From(RpcException cause)
    {
        ArgumentNullException.ThrowIfNull(cause);
        return cause as MeshException
            ?? cause.StatusCode switch
            {
                StatusCode.InvalidArgument => new MeshInvalidArgumentException(cause),
                StatusCode.NotFound => new MeshNotFoundException(cause),
                StatusCode.AlreadyExists => new MeshAlreadyExistsException(cause),
                StatusCode.FailedPrecondition => new MeshRefusedException(cause),
                StatusCode.Aborted => new MeshConflictException(cause),
                StatusCode.Unauthenticated or StatusCode.PermissionDenied => new MeshAccessException(cause),
                StatusCode.Unavailable or StatusCode.DeadlineExceeded => new MeshUnavailableException(cause),
                StatusCode.OutOfRange => new MeshOutOfRangeException(cause),
                _ => new MeshException(cause),
            };
    }

    private static string Text(RpcException cause) =>
        cause.Status.Detail is { Length: > 0 } detail ? detail : $"The call ended with {cause.StatusCode}.";
}

/// <summary>An invalid field of a request, and the rule that it violates.</summary>
/// <param name="Field">Its path, such as <c>spec.cpu</c>.</param>
public sealed record FieldRule(string Field, string Rule);

/// <summary>A rule that the request violates.</summary>
/// <param name="Type">The type of the rule, in UPPER_SNAKE case.</param>
/// <param name="Subject">The resource that it concerns, such as the name of a provider.</param>
/// <param name="Description">A description for people.</param>
public sealed record RuleViolation(string Type, string Subject, string Description);

/// <summary>A field is not valid (INVALID_ARGUMENT): <see cref="MeshException.Fields"/>. Nothing was changed.</summary>
public sealed class MeshInvalidArgumentException : MeshException
{
    internal MeshInvalidArgumentException(RpcException cause)
        : base(cause) { }
}

/// <summary>The resource does not exist (NOT_FOUND).</summary>
public sealed class MeshNotFoundException : MeshException
{
    internal MeshNotFoundException(RpcException cause)
        : base(cause) { }
}

/// <summary>The resource already exists, or the request id was used for another request (ALREADY_EXISTS).</summary>
public sealed class MeshAlreadyExistsException : MeshException
{
    internal MeshAlreadyExistsException(RpcException cause)
        : base(cause) { }
}

/// <summary>
/// Rules are violated (FAILED_PRECONDITION): <see cref="MeshException.Violations"/>. Nothing was changed.
/// </summary>
public sealed class MeshRefusedException : MeshException
{
    internal MeshRefusedException(RpcException cause)
        : base(cause) { }
}

/// <summary>The resource was changed by another request (ABORTED): read it again before retrying.</summary>
public sealed class MeshConflictException : MeshException
{
    internal MeshConflictException(RpcException cause)
        : base(cause) { }
}

/// <summary>The token is not valid (UNAUTHENTICATED), or not sufficient (PERMISSION_DENIED).</summary>
public sealed class MeshAccessException : MeshException
{
    internal MeshAccessException(RpcException cause)
        : base(cause) { }
}

/// <summary>
/// The control plane is unreachable, cannot reach its database, or did not answer in time (UNAVAILABLE,
/// DEADLINE_EXCEEDED). The request may have been carried out: retry it with the same request id, which you have to set
/// yourself.
/// </summary>
public sealed class MeshUnavailableException : MeshException
{
    internal MeshUnavailableException(RpcException cause)
        : base(cause) { }
}

/// <summary>A watch cannot be resumed from its token (OUT_OF_RANGE): list again.</summary>
public sealed class MeshOutOfRangeException : MeshException
{
    internal MeshOutOfRangeException(RpcException cause)
        : base(cause) { }
}
