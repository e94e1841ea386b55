using System.ComponentModel.DataAnnotations;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Limits and times of agent sessions.</summary>
public sealed class AgentStreamOptions
{
    public const string Section = "Mesh:AgentStream";

    /// <summary>How often both ends send a heartbeat, unless the agent wishes for less. Three missed end the session.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a new stream may take to say Hello.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Answers to heartbeats that may wait for one agent; while there are so many, no more is read of it.</summary>
    [Range(16, 10_000)]
    public int ControlCapacity { get; set; } = 256;

    /// <summary>Bytes of one frame.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int MaxFrameBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Workspaces that one provider may hold, for its agent's snapshot holds all of them. No more are created; a snapshot
    /// may hold a tenth more, such as orphans and what is on its way out.
    /// </summary>
    [Range(100, 100_000)]
    public int MaxWorkspacesPerSnapshot { get; set; } = 10_000;

    /// <summary>Workspaces in all parts of a snapshot.</summary>
    internal int SnapshotLimit => MaxWorkspacesPerSnapshot + (MaxWorkspacesPerSnapshot / 10);

    /// <summary>Workspaces in one part of a snapshot.</summary>
    [Range(1, 10_000)]
    public int MaxWorkspacesPerSnapshotPart { get; set; } = 500;

    /// <summary>Frames that one agent may send each second on average; a session that sends more ends as flooding.</summary>
    [Range(10, 100_000)]
    public int FramesPerSecond { get; set; } = 500;

    /// <summary>
    /// Frames that one agent may send at once: a whole snapshot in parts, and then a report of each workspace in it.
    /// </summary>
    [Range(100, 1_000_000)]
    public int FrameBurst { get; set; } = 25_000;

    /// <summary>Sessions of this process; an agent that is too many is refused before the store gives it an epoch.</summary>
    [Range(1, 100_000)]
    public int MaxSessions { get; set; } = 20_000;

    /// <summary>How often an agent's token may be shown in a minute; more is refused before the store is asked.</summary>
    [Range(1, 10_000)]
    public int AttachesPerMinute { get; set; } = 120;

    /// <summary>Tokens that nobody has vouched for yet, agents' and callers', that may be looked up at once.</summary>
    [Range(1, 1000)]
    public int ConcurrentLookups { get; set; } = 16;

    /// <summary>Those that may wait for that; more are refused before the store is asked.</summary>
    [Range(0, 100_000)]
    public int WaitingLookups { get; set; } = 10_000;

    /// <summary>Attaches that may be at the store at once; the others wait their turn.</summary>
    [Range(1, 1000)]
    public int ConcurrentAttaches { get; set; } = 16;

    /// <summary>How long a stopping replica may take to hand its agents over to others; zero closes them at once.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the store may be away before all sessions are closed.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")]
    public TimeSpan StoreAwayLimit { get; set; } = TimeSpan.FromMinutes(5);
}
