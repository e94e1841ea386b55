using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Errors for callers whose token is not accepted.</summary>
internal static class TokenErrors
{
    public static readonly Error Missing = new(
        ErrorKind.Unauthenticated,
        ErrorReasons.TokenMissing,
        "No token was given: send it as \"authorization: Bearer <token>\"."
    );

    public static readonly Error Invalid = new(
        ErrorKind.Unauthenticated,
        ErrorReasons.TokenInvalid,
        "The token is not valid: it is misspelt, revoked, or of another deployment."
    );

    public static readonly Error Denied = new(
        ErrorKind.PermissionDenied,
        ErrorReasons.PermissionDenied,
        "This token is of another kind: agents use a provider's token, everybody else an API token."
    );

    public static Error Busy(TimeSpan delay) =>
        new(
            ErrorKind.Unavailable,
            ErrorReasons.AuthenticationBusy,
            $"Too many tokens are being looked up; try again in {delay.TotalSeconds:0.#} seconds."
        )
        {
            RetryDelay = delay,
        };

    public static Error TooOften(int perMinute) =>
        new(
            ErrorKind.ResourceExhausted,
            ErrorReasons.TooManyAttaches,
            $"This token was used to connect more than {perMinute} times in a minute. Wait a minute, and make sure that only one agent uses it."
        );
}
