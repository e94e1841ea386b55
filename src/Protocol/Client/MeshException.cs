using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Protocol.Client;

/// <summary>
/// A call that failed, with what the control plane said of it. Each kind that a caller may act on has a type of its own.
/// </summary>
public class MeshException : RpcException
{
    private protected MeshException(RpcException cause)
        : base(cause.Status, cause.Trailers, Text(cause))
    {
        // Whoever stands between may have answered, with what it likes.
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

    /// <summary>One of <see cref="ErrorReasons"/>; empty if it wasn't the control plane that answered.</summary>
    public string Reason { get; }

    /// <summary>What a program may want to know besides; the keys are in <see cref="ErrorMetadata"/>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The fields that broke a rule, if that was it.</summary>
    public IReadOnlyList<FieldRule> Fields { get; }

    /// <summary>The rules that stand against it, if that was it: each cause of a refused placement, for one.</summary>
    public IReadOnlyList<RuleViolation> Violations { get; }

    /// <summary>Gives a failed call the type that its status asks for.</summary>
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

/// <summary>A field of a request, and the rule that it broke.</summary>
/// <param name="Field">Its path, such as <c>spec.cpu</c>.</param>
public sealed record FieldRule(string Field, string Rule);

/// <summary>A rule that stands against what was asked for.</summary>
/// <param name="Type">UPPER_SNAKE, from a closed set.</param>
/// <param name="Subject">What it is about, such as a provider's name.</param>
/// <param name="Description">For a person.</param>
public sealed record RuleViolation(string Type, string Subject, string Description);

/// <summary>A field broke a rule (INVALID_ARGUMENT): <see cref="MeshException.Fields"/>. Nothing was done.</summary>
public sealed class MeshInvalidArgumentException : MeshException
{
    internal MeshInvalidArgumentException(RpcException cause)
        : base(cause) { }
}

/// <summary>There is no such thing (NOT_FOUND).</summary>
public sealed class MeshNotFoundException : MeshException
{
    internal MeshNotFoundException(RpcException cause)
        : base(cause) { }
}

/// <summary>It exists already (ALREADY_EXISTS), or the request id was used for something else.</summary>
public sealed class MeshAlreadyExistsException : MeshException
{
    internal MeshAlreadyExistsException(RpcException cause)
        : base(cause) { }
}

/// <summary>Rules stand against it (FAILED_PRECONDITION): <see cref="MeshException.Violations"/>. Nothing was done.</summary>
public sealed class MeshRefusedException : MeshException
{
    internal MeshRefusedException(RpcException cause)
        : base(cause) { }
}

/// <summary>Somebody changed it meanwhile (ABORTED): read it again, and decide again.</summary>
public sealed class MeshConflictException : MeshException
{
    internal MeshConflictException(RpcException cause)
        : base(cause) { }
}

/// <summary>The token isn't good (UNAUTHENTICATED), or doesn't allow it (PERMISSION_DENIED).</summary>
public sealed class MeshAccessException : MeshException
{
    internal MeshAccessException(RpcException cause)
        : base(cause) { }
}

/// <summary>
/// The control plane can't be reached, can't reach its store, or didn't answer in time (UNAVAILABLE, DEADLINE_EXCEEDED).
/// What was asked for may have been done all the same: ask again with the same request id, which has to be one of your own.
/// </summary>
public sealed class MeshUnavailableException : MeshException
{
    internal MeshUnavailableException(RpcException cause)
        : base(cause) { }
}

/// <summary>A resume token can't be gone on from (OUT_OF_RANGE): list again.</summary>
public sealed class MeshOutOfRangeException : MeshException
{
    internal MeshOutOfRangeException(RpcException cause)
        : base(cause) { }
}
