namespace Coder.Mesh.Protocol;

/// <summary>
/// Exponential backoff with full jitter: a crowd that lost the same server doesn't come back as a crowd.
/// </summary>
/// <param name="Initial">Upper bound of the first delay.</param>
/// <param name="Factor">What the upper bound is multiplied by after each attempt.</param>
/// <param name="Cap">What the upper bound never exceeds.</param>
/// <remarks>Source: "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.</remarks>
public sealed record Backoff(TimeSpan Initial, double Factor, TimeSpan Cap)
{
    /// <summary>What agents use between dials.</summary>
    public static readonly Backoff Dial = new(TimeSpan.FromSeconds(0.25), 2, TimeSpan.FromSeconds(15));

    /// <summary>The delay before the next attempt.</summary>
    /// <param name="failures">Attempts that have failed in a row; the first delay follows one failure.</param>
    /// <param name="random">Uniform in [0, 1).</param>
    public TimeSpan Delay(int failures, double random)
    {
        var bound = Initial.TotalSeconds * Math.Pow(Factor, Math.Max(0, failures - 1));
        return TimeSpan.FromSeconds(Math.Min(bound, Cap.TotalSeconds) * random);
    }
}
