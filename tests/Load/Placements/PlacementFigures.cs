using Coder.Mesh.Load.Compare;

namespace Coder.Mesh.Load.Placements;

/// <summary>What is measured in turn.</summary>
internal enum Kind
{
    /// <summary>The floor.</summary>
    Append,
    AppendAndSnapshot,
    Placement,
    WithRequestIds,
    EightOrganizations,
    WithMaximum,
}

internal sealed record PlacementOptions
{
    public required string ControlPlane { get; init; }
    public required int Callers { get; init; }
    public required TimeSpan Duration { get; init; }
    public required int Rounds { get; init; }

    /// <summary>Before each window.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Before the first round, of the floors and of the product.</summary>
    public TimeSpan FirstWarmUp { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>CPU cores in use over a window.</summary>
internal sealed record CoreFigures(double Product, double Postgres, double Tool, double Others);

/// <summary>One kind measured once.</summary>
internal sealed record SliceFigures(
    double PerSecond,
    double P50,
    double P95,
    double P99,
    IReadOnlyDictionary<string, int> Errors,
    WaitFigures Waits,
    CoreFigures Cores
);

internal sealed record PlacementResult(
    MachineFacts Machine,
    PlacementOptions Options,
    IReadOnlyList<IReadOnlyDictionary<Kind, SliceFigures>> Rounds,
    int Created,
    long AgentsTold
)
{
    /// <summary>
    /// Placements per second over bare appends per second: no less than this (a budget of the product).
    /// </summary>
    public const double Budget = 0.5;

    public bool Complete => Rounds.All(r => r.Values.All(f => f.Errors.Count == 0 && f.PerSecond > 0));

    public double Ratio => Median(Kind.Placement) / Median(Kind.Append);

    public bool WithinBudget => Ratio >= Budget;

    private double Median(Kind kind) => Spread.Of(Rounds.Select(r => r[kind].PerSecond)).Median;
}
