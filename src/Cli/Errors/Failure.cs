namespace Coder.Mesh.Cli.Errors;

/// <summary>An error as a person reads it: what is wrong, why, and what to do next.</summary>
internal sealed record Failure(string Message, int ExitCode)
{
    /// <summary>The stable reason that the control plane gave; null for errors of this end.</summary>
    public string? Reason { get; init; }

    /// <summary>One line each: a field and what is wrong with it, or a rule that is not met.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    public IReadOnlyList<string> Tips { get; init; } = [];
}
