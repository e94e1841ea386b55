using System.Text.Json.Serialization;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>What a script file stages in a simulated cluster; see docs/simulated.md.</summary>
internal sealed record SimulationScript
{
    public int? Seed { get; init; }

    public int? Capacity { get; init; }

    /// <summary>The first rule that matches a workspace decides.</summary>
    public IReadOnlyList<FailureRule> Failures { get; init; } = [];
}

/// <summary>Makes the start of the workspaces that it matches fail.</summary>
internal sealed record FailureRule
{
    /// <summary>The code that the workspace fails with.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Names it matches; <c>*</c> and <c>?</c> stand for any text and any character.</summary>
    public string Name { get; init; } = "*";

    /// <summary>How large a part of them, decided by seed and workspace id.</summary>
    public double Share { get; init; } = 1;

    public string? Message { get; init; }

    /// <summary>How many attempts fail before it works; null for all.</summary>
    public int? Times { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = System.Text.Json.JsonCommentHandling.Skip,
    AllowTrailingCommas = true
)]
[JsonSerializable(typeof(SimulationScript))]
internal sealed partial class SimulationJsonContext : JsonSerializerContext;
