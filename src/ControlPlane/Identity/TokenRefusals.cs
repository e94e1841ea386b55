using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>What callers are told whose token doesn't let them in.</summary>
internal static class TokenRefusals
{
    public static readonly Refusal Missing = new(
        RefusalKind.Unauthenticated,
        ErrorReasons.TokenMissing,
        "No token was given: send it as \"authorization: Bearer <token>\"."
    );

    public static readonly Refusal Invalid = new(
        RefusalKind.Unauthenticated,
        ErrorReasons.TokenInvalid,
        "The token is not valid: it is misspelt, revoked, or of another deployment."
    );

    public static readonly Refusal Denied = new(
        RefusalKind.PermissionDenied,
        ErrorReasons.PermissionDenied,
        "This token is of another kind: agents use a provider's token, everybody else an API token."
    );

    public static readonly Refusal Busy = new(
        RefusalKind.Unavailable,
        ErrorReasons.AuthenticationBusy,
        "Too many tokens are being looked up at this moment; try again."
    )
    {
        RetryDelay = TimeSpan.FromSeconds(1),
    };

    public static Refusal TooOften(int perMinute) =>
        new(
            RefusalKind.ResourceExhausted,
            ErrorReasons.TooManyAttaches,
            $"This token was shown more than {perMinute} times in a minute; wait a minute, and see that one agent alone has it."
        );
}
