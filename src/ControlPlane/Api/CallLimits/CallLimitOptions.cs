using System.ComponentModel.DataAnnotations;

namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>How much of the API runs at once. Watches that are open and agents' streams have limits of their own.</summary>
public sealed class CallLimitOptions
{
    public const string Section = "Mesh:Calls";

    /// <summary>Calls that may run at once; at most half of the pool's connections, for agents need the others.</summary>
    [Range(1, 1000)]
    public int Concurrent { get; set; } = 20;

    /// <summary>Calls that may wait for that.</summary>
    [Range(0, 100_000)]
    public int Waiting { get; set; } = 1_000;

    /// <summary>Of them, those with one token. Half of what may run at once is the most that one token has.</summary>
    [Range(0, 100_000)]
    public int WaitingPerCaller { get; set; } = 250;

    /// <summary>How long a call may wait, unless its deadline is sooner.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(5);
}
