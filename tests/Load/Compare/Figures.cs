namespace Coder.Mesh.Load.Compare;

/// <summary>One server measured once, in a process of its own.</summary>
internal sealed record Figures
{
    /// <summary>VmRSS after a first agent has come and gone.</summary>
    public required long IdleBytes { get; init; }

    /// <summary>Median of VmRSS over the window.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>Median of RssAnon over the window.</summary>
    public required long AnonymousBytes { get; init; }

    /// <summary>VmHWM at the window's end.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>(resident - idle) / agents.</summary>
    public required double BytesPerAgent { get; init; }

    /// <summary>CPU cores in use while no agent is there.</summary>
    public required double IdleCores { get; init; }

    /// <summary>CPU cores in use over the window.</summary>
    public required double Cores { get; init; }

    /// <summary>CPU time per heartbeat answered, in microseconds, what it uses idle taken off.</summary>
    public required double MicrosecondsPerHeartbeat { get; init; }
    public required double AnsweredPerSecond { get; init; }
    public required double ExpectedPerSecond { get; init; }

    /// <summary>From the first dial to the last Welcome.</summary>
    public required double AttachSeconds { get; init; }
    public required long Attached { get; init; }
    public required long Connections { get; init; }
    public required IReadOnlyDictionary<string, int> EndedEarly { get; init; }

    /// <summary>CPU cores that the agents' process used.</summary>
    public required double ClientCores { get; init; }

    /// <summary>CPU cores that everything else on the machine used: the noise.</summary>
    public required double OtherCores { get; init; }

    public required ServerRuntime Runtime { get; init; }
    public PostgresFigures? Postgres { get; init; }
}

/// <summary>The product's own PostgreSQL over the window; for information.</summary>
internal sealed record PostgresFigures(int Processes, long ProportionalBytes, double Cores);

/// <summary>Both servers measured once, one after the other.</summary>
internal sealed record RoundFigures(Figures Floor, Figures Product);

/// <summary>The result of a comparison.</summary>
internal sealed record ComparisonResult(
    MachineFacts Machine,
    ComparisonOptions Options,
    IReadOnlyList<RoundFigures> Rounds
)
{
    /// <summary>Whether the figures are those of as many agents as were asked for.</summary>
    public bool Complete =>
        Rounds
            .SelectMany(r => new[] { r.Floor, r.Product })
            .All(f => f.Attached == Options.Count && f.EndedEarly.Count == 0);
}

/// <summary>What is compared, and how.</summary>
internal sealed record ComparisonOptions
{
    /// <summary>Null compares the floor with itself.</summary>
    public required string? ControlPlane { get; init; }
    public required int Count { get; init; }
    public required int Rounds { get; init; }
    public required Agents.CrowdOptions Crowd { get; init; }
}
