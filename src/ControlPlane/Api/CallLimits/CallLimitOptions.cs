using System.ComponentModel.DataAnnotations;

namespace Coder.Mesh.ControlPlane.Api.CallLimits;

/// <summary>Limits of concurrent API calls. Open watches and agent streams have their own limits.</summary>
public sealed class CallLimitOptions
{
    public const string Section = "Mesh:Calls";

    /// <summary>
    /// Maximum number of concurrent calls: at most half of the connection pool, since agents need the rest.
    /// </summary>
    [Range(1, 1000)]
    public int Concurrent { get; set; } = 20;

    /// <summary>Maximum number of waiting calls.</summary>
    [Range(0, 100_000)]
    public int Waiting { get; set; } = 1_000;

    /// <summary>Maximum number of waiting calls of one token. One token may use half of the concurrent calls.</summary>
    [Range(0, 100_000)]
    public int WaitingPerCaller { get; set; } = 250;

    /// <summary>Maximum wait of a call, unless its deadline is sooner.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromSeconds(5);
}
