using Polly;
using Polly.Retry;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Retry policy for writes that lost a conflict: read and decide again after a short random delay, so that concurrent
/// writers of one resource do not collide again, a limited number of times.
/// </summary>
internal static class ConflictRetry
{
    public const int MaxAttempts = 8;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(2);

    /// <summary>Creates a pipeline that returns or throws the outcome of its last attempt.</summary>
    /// <param name="isConflict">Results that are conflicts, besides exceptions; none if null.</param>
    public static ResiliencePipeline<T> Of<T>(Func<T, bool>? isConflict = null) =>
        new ResiliencePipelineBuilder<T>()
            .AddRetry(
                new RetryStrategyOptions<T>
                {
                    MaxRetryAttempts = MaxAttempts - 1,
                    Delay = FirstDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldHandle = args =>
                        ValueTask.FromResult(
                            args.Outcome.Exception is { } exception
                                ? StoreFailure.IsConflict(exception)
                                : isConflict?.Invoke(args.Outcome.Result!) == true
                        ),
                }
            )
            .Build();
}
