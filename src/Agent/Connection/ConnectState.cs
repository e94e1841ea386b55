using Coder.Mesh.Protocol;

namespace Coder.Mesh.Agent.Connection;

internal enum DisconnectKind
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

internal static class DisconnectKinds
{
    /// <summary>The value of the metrics' outcome tag.</summary>
    public static string Tag(this DisconnectKind outcome) => outcome.ToString().ToLowerInvariant();
}

/// <summary>How a dial, or the session that came of it, ended.</summary>
/// <param name="Code">The control plane's ErrorInfo reason, else a short word of the agent's own.</param>
/// <param name="Attached">How long the session lived; null if there was no Welcome.</param>
internal sealed record DisconnectReason(DisconnectKind Kind, string Code, string Message, TimeSpan? Attached = null)
{
    /// <summary>The control plane has answered the session's first snapshot.</summary>
    public bool Synced { get; init; }

    /// <summary>The stream to go on with, when the agent has moved.</summary>
    public Dialed? Next { get; init; }

    /// <summary>The control plane broke the protocol.</summary>
    public static DisconnectReason Violation(string message) => new(DisconnectKind.Lost, "protocol_violation", message);

    /// <summary>An exception that the agent does not expect ended the attempt or the session.</summary>
    public static DisconnectReason Fault(Exception e) =>
        new(DisconnectKind.Lost, "agent_fault", $"{e.GetType().Name}: {e.Message}");

    /// <summary>The agent's process stops.</summary>
    public static DisconnectReason Stop() => new(DisconnectKind.Stopped, "stopped", "The agent is asked to stop.");
}

/// <summary>How many attempts have failed, and so when the next one is due. Pure.</summary>
internal sealed record ConnectState(int Failures, DisconnectReason? Last)
{
    public static readonly ConnectState Start = new(0, null);

    private static readonly TimeSpan RefusalPace = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan RestartJitter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ShortSession = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Failures are forgotten only after a session whose first snapshot was answered and that lasted: a proxy that lets
    /// little through would otherwise be asked for ever at full speed, and two agents with one token would throw each other
    /// out many times a second.
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

    /// <summary>How long to wait before the next dial.</summary>
    /// <param name="random">Uniform in [0, 1).</param>
    public TimeSpan Delay(double random) =>
        Last?.Kind switch
        {
            null or DisconnectKind.Renewed or DisconnectKind.Moved or DisconnectKind.Stopped => TimeSpan.Zero,
            DisconnectKind.Refused => RefusalPace * (0.5 + random),
            DisconnectKind.Restarting when Failures == 0 => RestartJitter * random,
            _ => Backoff.Dial.Delay(Failures, random),
        };
}
