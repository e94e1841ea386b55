using Polly;
using Polly.Retry;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// The one rule for writes that others were faster than: read and decide again from what they left, soon and at random
/// moments, so that many writers of one thing don't meet again, and no more than a few times.
/// </summary>
internal static class ConflictRetry
{
    public const int MaxAttempts = 8;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(2);

    /// <summary>A pipeline whose last attempt's result or exception is the outcome, whatever it is.</summary>
    /// <param name="isConflict">Results that are conflicts besides the exceptions; none if null.</param>
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
