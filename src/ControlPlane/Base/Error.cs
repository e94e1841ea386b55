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

/// <param name="Type">UPPER_SNAKE, from a closed set.</param>
/// <param name="Subject">What it is about, such as a provider's name.</param>
internal sealed record PreconditionViolation(string Type, string Subject, string Description);

/// <summary>An expected no: a value on its way through the product, a gRPC status only at the edge.</summary>
/// <param name="Reason">One of <see cref="Protocol.ErrorReasons"/>.</param>
/// <param name="Message">What is wrong and what to do next, for a person.</param>
internal sealed record Error(ErrorKind Kind, string Reason, string Message)
{
    public IReadOnlyList<FieldViolation> Fields { get; init; } = [];

    public IReadOnlyList<PreconditionViolation> Preconditions { get; init; } = [];

    /// <summary>What a program may want to know besides, under lower_snake keys.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>When trying again may help; null where that isn't known.</summary>
    public TimeSpan? RetryDelay { get; init; }

    public static Error NotFound(string reason, string message) => new(ErrorKind.NotFound, reason, message);

    public static Error Precondition(string reason, string message) =>
        new(ErrorKind.FailedPrecondition, reason, message);
}

internal static class Result
{
    /// <summary>For values of interfaces, which have no implicit conversion.</summary>
    public static Result<T> Of<T>(T value) => Result<T>.Of(value);
}

/// <summary>A value, or why there is none.</summary>
internal readonly struct Result<T>
{
    private readonly T? _value;

    private Result(T? value, Error? error)
    {
        _value = value;
        Error = error;
    }

    public Error? Error { get; }

    /// <exception cref="InvalidOperationException">There is no value; look at <see cref="Error"/> first.</exception>
    public T Value => Error is null ? _value! : throw new InvalidOperationException(Error.Message);

    internal static Result<T> Of(T value) => new(value, null);

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Error error) => new(default, error);
}
