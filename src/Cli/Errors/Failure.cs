namespace Coder.Mesh.Cli.Errors;

/// <summary>An error for people: what is wrong, why, and what to do next.</summary>
internal sealed record Failure(string Message, int ExitCode)
{
    /// <summary>The reason code of the control plane; null for errors of this program.</summary>
    public string? Reason { get; init; }

    /// <summary>One line for each invalid field or violated rule.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];

    public IReadOnlyList<string> Tips { get; init; } = [];
}
