using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>Script of a simulated cluster; see docs/simulated.md.</summary>
/// <remarks>Has setters because the generated JSON parser would lose the defaults of init-only properties.</remarks>
internal sealed record SimulationScript
{
    public int? Seed { get; set; }

    public int? Capacity { get; set; }

    public StepDelays Delays { get; set; } = new();

    public IReadOnlyList<ApiRule> Api { get; set; } = [];

    public IReadOnlyList<ConditionRule> Conditions { get; set; } = [];

    /// <summary>The first rule that matches a workspace decides.</summary>
    public IReadOnlyList<FailureRule> Failures { get; set; } = [];
}

/// <summary>Rule by which the start of matching workspaces fails.</summary>
internal sealed record FailureRule
{
    /// <summary>Code of the failed workspace.</summary>
    public string Kind { get; set; } = "";

    /// <summary>Pattern for names; <c>*</c> stands for any text and <c>?</c> for any character.</summary>
    public string Name { get; set; } = "*";

    /// <summary>Fraction of the matching workspaces, selected by seed and workspace id.</summary>
    public double Share { get; set; } = 1;

    public string? Message { get; set; }

    /// <summary>Number of attempts that fail before one succeeds; null for all.</summary>
    public int? Times { get; set; }

    /// <summary>Number of starts of a workspace that succeed before any fails.</summary>
    public int After { get; set; }

    /// <summary>Time since the agent's start; null for immediately, and without end.</summary>
    public string? From { get; set; }

    /// <inheritdoc cref="From"/>
    public string? Until { get; set; }
}

/// <summary>Durations of steps, as a time or a range of times; null for the default.</summary>
internal sealed record StepDelays
{
    public string? Start { get; set; }

    public string? Stop { get; set; }

    public string? Delete { get; set; }
}

/// <summary>Period in which API calls of the cluster fail or are delayed.</summary>
internal sealed record ApiRule
{
    public string Kind { get; set; } = "";

    public string? From { get; set; }

    public string? Until { get; set; }

    /// <summary>Additional duration of each call.</summary>
    public string? Delay { get; set; }
}

/// <summary>Period in which a condition is false.</summary>
internal sealed record ConditionRule
{
    public string Type { get; set; } = "";

    public string Code { get; set; } = "";

    public string? Message { get; set; }

    public string? From { get; set; }

    public string? Until { get; set; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = System.Text.Json.JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    AllowDuplicateProperties = false
)]
[JsonSerializable(typeof(SimulationScript))]
internal sealed partial class SimulationJsonContext : JsonSerializerContext;
