namespace Coder.Mesh.Load;

/// <summary>What a run never exceeds.</summary>
internal static class Limits
{
    /// <summary>Below the usual number of ephemeral ports (28,232) of one loopback address.</summary>
    public const int MaxAgents = 20_000;

    public const int MaxRampPerSecond = 2_000;
    public const int MaxRounds = 20;

    /// <summary>Well below the connections of the product's PostgreSQL: each caller needs at most two.</summary>
    public const int MaxCallers = 32;

    /// <summary>What the product answers at least, and at most, to a wished interval.</summary>
    public static readonly TimeSpan MinHeartbeat = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan MaxHeartbeat = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan MinDuration = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan MaxDuration = TimeSpan.FromMinutes(30);

    /// <summary>The window of one kind of calls.</summary>
    public static readonly TimeSpan MaxSlice = TimeSpan.FromMinutes(2);

    public const int MinScaleProviders = 100;
    public const int MaxScaleProviders = 50_000;
    public const int MinScaleWorkspaces = 1_000;
    public const int MaxScaleWorkspaces = 500_000;

    /// <summary>All of <c>scale</c>, filling included.</summary>
    public static readonly TimeSpan Scale = TimeSpan.FromMinutes(30);

    /// <summary>A whole run of `cli`.</summary>
    public static readonly TimeSpan Cli = TimeSpan.FromMinutes(30);

    /// <summary>One kind of call of <c>scale</c>: a kind that takes longer ends with fewer calls.</summary>
    public static readonly TimeSpan ScaleCase = TimeSpan.FromSeconds(60);

    /// <summary>One statement of the tool's own.</summary>
    public static readonly TimeSpan Statement = TimeSpan.FromMinutes(10);

    /// <summary>From an agent's dial to its Welcome.</summary>
    public static readonly TimeSpan Attach = TimeSpan.FromSeconds(60);

    /// <summary>From Goodbye to the end of the stream, before it is cut.</summary>
    public static readonly TimeSpan Leave = TimeSpan.FromSeconds(10);

    /// <summary>From a child's start to its first answer.</summary>
    public static readonly TimeSpan Start = TimeSpan.FromSeconds(90);

    /// <summary>From the signal to a child's end, before it is killed.</summary>
    public static readonly TimeSpan Stop = TimeSpan.FromSeconds(30);
}
