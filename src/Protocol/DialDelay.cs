namespace Coder.Mesh.Protocol;

/// <summary>How long an agent waits between two dials.</summary>
public static class DialDelay
{
    /// <summary>Spreads the returns of agents that were refused together, by up to this share of their delay.</summary>
    private const double Jitter = 0.2;

    private static readonly TimeSpan MaxAsked = TimeSpan.FromMinutes(2);

    /// <summary>Returns the delay after a dial that was refused with a delay, or after any other failure.</summary>
    /// <param name="failures">Number of consecutive failed dials.</param>
    /// <param name="reason">
    /// Reason of the refusal. Only for <see cref="ErrorReasons.AttachBacklog"/> does the control plane reserve a moment
    /// for each agent; other delays come before the backoff.
    /// </param>
    /// <param name="asked">The delay that the control plane asked for; null if it did not.</param>
    /// <param name="random">Uniform in [0, 1).</param>
    public static TimeSpan After(int failures, string reason, TimeSpan? asked, double random)
    {
        var backoff = Backoff.Dial.Delay(failures, random);
        if (asked is not { } delay)
            return backoff;
        // Not less than the backoff of a first failure, whatever the control plane asks for.
        var bounded = TimeSpan.FromTicks(Math.Clamp(delay.Ticks, Backoff.Dial.Initial.Ticks, MaxAsked.Ticks));
        return (bounded * (1 + (Jitter * random))) + (reason == ErrorReasons.AttachBacklog ? TimeSpan.Zero : backoff);
    }
}
