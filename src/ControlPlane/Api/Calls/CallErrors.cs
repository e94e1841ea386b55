using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Api.Calls;

internal static class CallErrors
{
    private const double MinDelay = 0.5;
    private const double MaxDelay = 1.5;

    public static readonly Error DeadlineExceeded = new(
        ErrorKind.DeadlineExceeded,
        ErrorReasons.DeadlineExceeded,
        "The deadline (grpc-timeout) expired while the call was waiting."
    );

    public static Error TooManyCalls() =>
        new(
            ErrorKind.ResourceExhausted,
            ErrorReasons.TooManyCalls,
            "Too many calls are in progress; try again after the retry delay."
        )
        {
            // Not all at once.
            RetryDelay = TimeSpan.FromSeconds(MinDelay + Random.Shared.NextDouble() * (MaxDelay - MinDelay)),
        };
}
