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
        "The call's deadline (grpc-timeout) passed before it had a turn."
    );

    public static Error TooManyCalls() =>
        new(
            ErrorKind.ResourceExhausted,
            ErrorReasons.TooManyCalls,
            "The control plane has as many calls as it takes at this moment; try again after the delay."
        )
        {
            // Not all at once.
            RetryDelay = TimeSpan.FromSeconds(MinDelay + Random.Shared.NextDouble() * (MaxDelay - MinDelay)),
        };
}
