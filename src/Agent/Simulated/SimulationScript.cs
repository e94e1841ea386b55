using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>What a script file stages in a simulated cluster; see docs/simulated.md.</summary>
/// <remarks>Setters, as the generated reader of JSON would lose the defaults of init-only properties.</remarks>
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

/// <summary>Makes the start of the workspaces that it matches fail.</summary>
internal sealed record FailureRule
{
    /// <summary>The code that the workspace fails with.</summary>
    public string Kind { get; set; } = "";

    /// <summary>Names it matches; <c>*</c> and <c>?</c> stand for any text and any character.</summary>
    public string Name { get; set; } = "*";

    /// <summary>How large a part of them, decided by seed and workspace id.</summary>
    public double Share { get; set; } = 1;

    public string? Message { get; set; }

    /// <summary>How many attempts fail before it works; null for all.</summary>
    public int? Times { get; set; }

    /// <summary>How many starts of a workspace work before any fails.</summary>
    public int After { get; set; }

    /// <summary>Since the agent's start; null for at once, and for ever.</summary>
    public string? From { get; set; }

    /// <inheritdoc cref="From"/>
    public string? Until { get; set; }
}

/// <summary>How long steps take, as a time or a range of times; null for what the option says.</summary>
internal sealed record StepDelays
{
    public string? Start { get; set; }

    public string? Stop { get; set; }

    public string? Delete { get; set; }
}

/// <summary>The cluster's API doesn't do what is asked for a while.</summary>
internal sealed record ApiRule
{
    public string Kind { get; set; } = "";

    public string? From { get; set; }

    public string? Until { get; set; }

    /// <summary>How much longer each call takes.</summary>
    public string? Delay { get; set; }
}

/// <summary>A condition is false for a while.</summary>
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
