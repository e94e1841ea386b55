namespace Coder.Mesh.Protocol;

/// <summary>
/// Exponential backoff with full jitter: clients that lost the same server do not return at the same time.
/// </summary>
/// <param name="Initial">Upper bound of the first delay.</param>
/// <param name="Factor">Factor by which the upper bound grows after each attempt.</param>
/// <param name="Cap">Maximum of the upper bound.</param>
/// <remarks>Source: "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.</remarks>
public sealed record Backoff(TimeSpan Initial, double Factor, TimeSpan Cap)
{
    /// <summary>The backoff of agents between dials.</summary>
    public static readonly Backoff Dial = new(TimeSpan.FromSeconds(0.25), 2, TimeSpan.FromSeconds(15));

    /// <summary>Returns the delay before the next attempt.</summary>
    /// <param name="failures">Number of consecutive failed attempts, at least 1.</param>
    /// <param name="random">Uniform in [0, 1).</param>
    public TimeSpan Delay(int failures, double random)
    {
        var bound = Initial.TotalSeconds * Math.Pow(Factor, Math.Max(0, failures - 1));
        return TimeSpan.FromSeconds(Math.Min(bound, Cap.TotalSeconds) * random);
    }
}
