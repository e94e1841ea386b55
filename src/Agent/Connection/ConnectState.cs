using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Connection;

internal enum AttemptOutcome
{
    /// <summary>Something failed on the way, or the stream broke.</summary>
    Lost,

    /// <summary>The control plane said no, and will until somebody changes something.</summary>
    Refused,

    /// <summary>The control plane restarts.</summary>
    Restarting,

    /// <summary>Nothing was heard for three heartbeat intervals.</summary>
    Silent,

    /// <summary>The agent left to say Hello anew.</summary>
    Renewed,

    /// <summary>Another stream took this one's place, as the control plane had asked.</summary>
    Moved,

    /// <summary>The agent's process stops.</summary>
    Stopped,
}

/// <summary>How a dial, or the session that came of it, ended.</summary>
/// <param name="Reason">The control plane's ErrorInfo reason, else a short word of the agent's own.</param>
/// <param name="Explicit">True if the control plane gave the reason.</param>
/// <param name="Attached">How long the session lived; null if there was no Welcome.</param>
internal sealed record AttemptEnd(
    AttemptOutcome Outcome,
    string Reason,
    string Message,
    bool Explicit = false,
    TimeSpan? Attached = null
)
{
    /// <summary>The stream to go on with, when the agent has moved.</summary>
    public Dialed? Next { get; init; }
}

/// <summary>How many attempts have failed, and so when the next one is due. Pure.</summary>
internal sealed record ConnectState(int Failures, AttemptEnd? Last)
{
    public static readonly ConnectState Start = new(0, null);

    private static readonly TimeSpan RefusalPace = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RestartJitter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortSession = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Only a Welcome makes failures forgotten, and not even that if the control plane soon after ended the session with a
    /// reason: two agents with one token would otherwise throw each other out many times a second.
    /// </summary>
    public ConnectState After(AttemptEnd end)
    {
        var welcomed = end.Attached is { } lasted && !(end.Explicit && lasted < ShortSession);
        var failures = welcomed ? 0 : Failures;
        return end.Outcome switch
        {
            AttemptOutcome.Renewed or AttemptOutcome.Moved or AttemptOutcome.Stopped => new ConnectState(failures, end),
            AttemptOutcome.Restarting when end.Attached is not null => new ConnectState(0, end),
            _ => new ConnectState(failures + 1, end),
        };
    }

    /// <summary>How long to wait before the next dial.</summary>
    /// <param name="random">Uniform in [0, 1).</param>
    public TimeSpan Delay(double random) =>
        Last?.Outcome switch
        {
            null or AttemptOutcome.Renewed or AttemptOutcome.Moved or AttemptOutcome.Stopped => TimeSpan.Zero,
            AttemptOutcome.Refused => RefusalPace * (0.5 + random),
            AttemptOutcome.Restarting when Failures == 0 => RestartJitter * random,
            _ => Backoff.Dial.Delay(Failures, random),
        };
}
