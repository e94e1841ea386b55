namespace Coder.Mesh.Agent.Simulated;

/// <summary>How the simulated cluster behaves.</summary>
internal sealed record SimulatedOptions
{
    /// <summary>The namespace that the simulated cluster reports.</summary>
    public string Namespace { get; init; } = "simulated";

    /// <summary>How long a workspace may wait for capacity, an image or quota before it fails.</summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A file that keeps the simulated namespace's UID from one start to the next; null for a new one each time.</summary>
    public string? StateFile { get; init; }

    /// <summary>What the delays are drawn from.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The longest time that a step (starting, stopping, deleting) takes; the shortest is a fifth of it.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How many workspaces can run at once; null for any number.</summary>
    public int? Capacity { get; init; }

    /// <summary>By which rules starts fail.</summary>
    public IReadOnlyList<FailureRule> Failures { get; init; } = [];

    /// <summary>How long each kind of step takes where the script says; else <see cref="Delay"/>.</summary>
    public StepDelays Delays { get; init; } = new();

    /// <summary>By which rules the API doesn't do what is asked.</summary>
    public IReadOnlyList<ApiRule> Api { get; init; } = [];

    /// <summary>By which rules conditions are false.</summary>
    public IReadOnlyList<ConditionRule> Conditions { get; init; } = [];
}
