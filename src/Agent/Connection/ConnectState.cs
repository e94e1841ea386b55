using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Connection;

internal enum DisconnectKind
{
    /// <summary>The attempt failed, or the stream broke.</summary>
    Lost,

    /// <summary>The control plane refused the agent. Retries fail until the configuration is corrected.</summary>
    Refused,

    /// <summary>The control plane restarts.</summary>
    Restarting,

    /// <summary>Nothing was received for three heartbeat intervals.</summary>
    Silent,

    /// <summary>The agent left in order to send a new Hello.</summary>
    Renewed,

    /// <summary>Another stream replaced this one, as requested by the control plane.</summary>
    Moved,

    /// <summary>The agent's process stops.</summary>
    Stopped,
}

internal static class DisconnectKinds
{
    /// <summary>Returns the value of the outcome tag of metrics.</summary>
    public static string Tag(this DisconnectKind outcome) => outcome.ToString().ToLowerInvariant();
}

/// <summary>Why an attempt, or its session, ended.</summary>
/// <param name="Code">The control plane's ErrorInfo reason, or a code of the agent.</param>
/// <param name="Attached">Duration of the session; null without a Welcome.</param>
internal sealed record DisconnectReason(DisconnectKind Kind, string Code, string Message, TimeSpan? Attached = null)
{
    /// <summary>Whether the control plane has answered the session's first snapshot.</summary>
    public bool Synced { get; init; }

    /// <summary>The delay that the control plane asked for; null if it did not.</summary>
    public TimeSpan? RetryDelay { get; init; }

    /// <summary>The stream to continue with, if the agent has moved.</summary>
    public Dialed? Next { get; init; }

    /// <summary>Creates the reason for a protocol violation by the control plane.</summary>
    public static DisconnectReason Violation(string message) => new(DisconnectKind.Lost, "protocol_violation", message);

    /// <summary>Creates the reason for an unexpected exception.</summary>
    public static DisconnectReason Fault(Exception e) =>
        new(DisconnectKind.Lost, "agent_fault", $"{e.GetType().Name}: {e.Message}");

    /// <summary>Creates the reason for a stop of the process.</summary>
    public static DisconnectReason Stop() => new(DisconnectKind.Stopped, "stopped", "The agent is asked to stop.");
}

/// <summary>Number of failed attempts, which determines the next delay. Pure functions.</summary>
internal sealed record ConnectState(int Failures, DisconnectReason? Last)
{
    public static readonly ConnectState Start = new(0, null);

    private static readonly TimeSpan RefusalPace = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RestartJitter = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ShortSession = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Returns the state after an attempt. Failures are forgotten only after a session whose first snapshot was
    /// answered and that lasted. Otherwise a proxy that limits bodies would receive attempts at full speed forever, and
    /// two agents with one token would supersede each other many times a second.
    /// </summary>
    public ConnectState After(DisconnectReason end)
    {
        var failures = end is { Synced: true, Attached: var lasted } && lasted >= ShortSession ? 0 : Failures;
        return end.Kind switch
        {
            DisconnectKind.Renewed or DisconnectKind.Moved or DisconnectKind.Stopped => new ConnectState(failures, end),
            DisconnectKind.Restarting when end.Synced => new ConnectState(0, end),
            DisconnectKind.Restarting when end.Attached is not null => new ConnectState(failures, end),
            _ => new ConnectState(failures + 1, end),
        };
    }

    /// <summary>Returns the delay before the next attempt.</summary>
    /// <param name="random">Uniform in [0, 1).</param>
    public TimeSpan Delay(double random) =>
        Last?.Kind switch
        {
            null or DisconnectKind.Renewed or DisconnectKind.Moved or DisconnectKind.Stopped => TimeSpan.Zero,
            DisconnectKind.Lost => DialDelay.After(Failures, Last.Code, Last.RetryDelay, random),
            DisconnectKind.Refused => RefusalPace * (0.5 + random),
            DisconnectKind.Restarting when Failures == 0 => RestartJitter * random,
            _ => Backoff.Dial.Delay(Failures, random),
        };
}
