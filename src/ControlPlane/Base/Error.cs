namespace Coder.Mesh.ControlPlane.Base;

internal enum ErrorKind
{
    InvalidArgument,
    NotFound,
    AlreadyExists,
    FailedPrecondition,
    Aborted,
    Unauthenticated,
    PermissionDenied,
    Unavailable,
    DeadlineExceeded,
    ResourceExhausted,
    OutOfRange,
    Unimplemented,
    Internal,
}

internal sealed record FieldViolation(string Field, string Rule);

/// <param name="Type">UPPER_SNAKE_CASE, from a closed set.</param>
/// <param name="Subject">What it concerns, such as a provider's name.</param>
internal sealed record PreconditionViolation(string Type, string Subject, string Description);

/// <summary>An expected error, returned as a value and converted to a gRPC status at the service boundary.</summary>
/// <param name="Reason">One of <see cref="Protocol.ErrorReasons"/>.</param>
/// <param name="Message">What is wrong and what to do next, for a person.</param>
internal sealed record Error(ErrorKind Kind, string Reason, string Message)
{
    public IReadOnlyList<FieldViolation> Fields { get; init; } = [];

    public IReadOnlyList<PreconditionViolation> Preconditions { get; init; } = [];

    /// <summary>Additional values for programs, with lower_snake_case keys.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Delay after which a retry may succeed; null if unknown.</summary>
    public TimeSpan? RetryDelay { get; init; }

    public static Error NotFound(string reason, string message) => new(ErrorKind.NotFound, reason, message);

    public static Error Precondition(string reason, string message) =>
        new(ErrorKind.FailedPrecondition, reason, message);
}

internal static class Result
{
    /// <summary>
    /// Creates a result whose value is of an interface type, for which there is no implicit conversion.
    /// </summary>
    public static Result<T> Of<T>(T value) => Result<T>.Of(value);
}

/// <summary>A value, or an error.</summary>
internal readonly struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, Error? error)
    {
        _value = value;
        Error = error;
    }

    public Error? Error { get; }

    /// <exception cref="InvalidOperationException">The result is an error; check <see cref="Error"/> first.</exception>
    public T Value => Error is null ? _value! : throw new InvalidOperationException(Error.Message);

    internal static Result<T> Of(T value) => new(value, null);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Error error) => new(default, error);
}
