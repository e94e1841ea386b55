using System.ComponentModel.DataAnnotations;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Limits and timeouts of agent sessions.</summary>
public sealed class AgentStreamOptions
{
    public const string Section = "Mesh:AgentStream";

    /// <summary>
    /// Heartbeat interval of both ends, unless the agent asks for a shorter one. Three missed heartbeats end the
    /// session.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time limit for the Hello of a new stream.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan HelloTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Maximum number of heartbeat answers that wait for one agent. When it is reached, no more frames are read from
    /// it.
    /// </summary>
    [Range(16, 10_000)]
    public int ControlCapacity { get; set; } = 256;

    /// <summary>Maximum size of a frame, in bytes.</summary>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int MaxFrameBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Maximum number of workspaces of one provider, all of which the snapshot of its agent holds. Creates beyond it
    /// are refused. A snapshot may hold a tenth more, such as orphans and workspaces that are being deleted.
    /// </summary>
    [Range(100, 100_000)]
    public int MaxWorkspacesPerSnapshot { get; set; } = 10_000;

    /// <summary>Maximum number of workspaces in all parts of a snapshot.</summary>
    internal int SnapshotLimit => MaxWorkspacesPerSnapshot + (MaxWorkspacesPerSnapshot / 10);

    /// <summary>Maximum number of workspaces in one part of a snapshot.</summary>
    [Range(1, 10_000)]
    public int MaxWorkspacesPerSnapshotPart { get; set; } = 500;

    /// <summary>
    /// Average number of frames per second that one agent may send. A session that sends more ends as flooding.
    /// </summary>
    [Range(10, 100_000)]
    public int FramesPerSecond { get; set; } = 500;

    /// <summary>
    /// Number of frames that one agent may send at once: a whole snapshot in parts, and a report of each workspace in
    /// it.
    /// </summary>
    [Range(100, 1_000_000)]
    public int FrameBurst { get; set; } = 25_000;

    /// <summary>
    /// Maximum number of sessions of this process. Further agents are refused before they get an epoch.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxSessions { get; set; } = 20_000;

    /// <summary>
    /// How often an agent's token may be used in one minute. More is refused without a database query.
    /// </summary>
    [Range(1, 10_000)]
    public int AttachesPerMinute { get; set; } = 120;

    /// <summary>Maximum number of tokens, of agents and callers, that one query looks up; others wait.</summary>
    [Range(1, 1000)]
    public int ConcurrentLookups { get; set; } = 256;

    /// <summary>Maximum number of tokens that wait for a lookup. More are refused without a database query.</summary>
    [Range(0, 100_000)]
    public int WaitingLookups { get; set; } = 10_000;

    /// <summary>Maximum number of attaches that are stored at once, in two transactions; others wait.</summary>
    [Range(1, 1000)]
    public int ConcurrentAttaches { get; set; } = 256;

    /// <summary>
    /// Time in which a stopping replica asks its agents to reconnect elsewhere; zero closes their streams at once.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the database may be unavailable before all sessions are closed.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")]
    public TimeSpan StoreOutageLimit { get; set; } = TimeSpan.FromMinutes(5);
}
