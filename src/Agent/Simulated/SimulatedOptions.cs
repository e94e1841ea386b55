namespace Coder.Mesh.Agent.Simulated;

/// <summary>Behaviour of the simulated cluster.</summary>
internal sealed record SimulatedOptions
{
    /// <summary>The reported namespace.</summary>
    public string Namespace { get; init; } = "simulated";

    /// <summary>How long a workspace may wait for capacity, an image or quota before it fails.</summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>File with the UID of the simulated namespace, for restarts; null for a new UID at each start.</summary>
    public string? StateFile { get; init; }

    /// <summary>Seed of the random delays and failures.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Maximum duration of a step (starting, stopping, deleting); the minimum is a fifth of it.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Number of workspaces that can run at once; null for any number.</summary>
    public int? Capacity { get; init; }

    /// <summary>Rules by which starts fail.</summary>
    public IReadOnlyList<FailureRule> Failures { get; init; } = [];

    /// <summary>Durations of steps as given by the script; others take <see cref="Delay"/>.</summary>
    public StepDelays Delays { get; init; } = new();

    /// <summary>Rules by which API calls fail.</summary>
    public IReadOnlyList<ApiRule> Api { get; init; } = [];

    /// <summary>Rules by which conditions are false.</summary>
    public IReadOnlyList<ConditionRule> Conditions { get; init; } = [];
}
