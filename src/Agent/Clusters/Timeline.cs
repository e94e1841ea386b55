using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Clusters;

/// <summary>An occurrence in the life of a workspace.</summary>
/// <param name="Id">Identifies the occurrence across restarts of the agent.</param>
internal sealed record TimelineStep(
    string Id,
    DateTimeOffset At,
    TimelineStage Stage,
    string Code = "",
    string Message = ""
);

/// <summary>
/// Occurrences of a workspace in one generation, in order of time and then of stage, since most times are whole
/// seconds. Each occurrence is contained once, as first reported. Immutable, and equal by content.
/// </summary>
internal sealed class Timeline : IEquatable<Timeline>
{
    public const int MaxSteps = 100;

    // Entries of a snapshot are not split, so the whole timeline has to fit into the smallest frame beside the
    // description.
    private const int MaxBytes = 32 * 1024;

    // Bytes of a step besides its texts: tags, lengths, time and stage.
    private const int StepOverhead = 32;

    public static readonly Timeline Empty = new([], 0);

    private readonly int _bytes;

    private Timeline(IReadOnlyList<TimelineStep> steps, int bytes) => (Steps, _bytes) = (steps, bytes);

    public IReadOnlyList<TimelineStep> Steps { get; }

    /// <summary>Adds new steps. When the timeline is full, further steps are dropped and a last step says so.</summary>
    /// <returns>The same instance if nothing is new.</returns>
    public Timeline With(params IEnumerable<TimelineStep> seen)
    {
        var known = Steps.Select(s => s.Id).ToHashSet();
        var (steps, bytes) = (Steps.ToList(), _bytes);
        foreach (var step in seen)
        {
            if (known.Contains(Full.Id) || !known.Add(step.Id))
                continue;
            var next = Cleaned(step);
            if (steps.Count >= MaxSteps - 1 || bytes + Size(next) + Size(Full) > MaxBytes)
            {
                known.Add(Full.Id);
                next = Full with { At = step.At };
            }

            bytes += Size(next);
            steps.Add(next);
        }

        return steps.Count == Steps.Count
            ? this
            : new Timeline([.. steps.OrderBy(s => s.At).ThenBy(s => s.Stage)], bytes);
    }

    public bool Equals(Timeline? other) =>
        ReferenceEquals(this, other) || (other is not null && Steps.SequenceEqual(other.Steps));

    public override bool Equals(object? obj) => Equals(obj as Timeline);

    public override int GetHashCode() => Steps.Count;

    public override string ToString() => string.Join(", ", Steps.Select(s => s.Stage));

    private static TimelineStep Full { get; } =
        new(
            "full",
            default,
            TimelineStage.Notice,
            Message: "This generation has more entries than are kept; later ones are dropped."
        );

    private static TimelineStep Cleaned(TimelineStep step) =>
        step with
        {
            Code = CleanText.Clean(step.Code),
            Message = CleanText.Clean(step.Message),
        };

    private static int Size(TimelineStep step) =>
        StepOverhead + step.Id.Length + step.Code.Length + System.Text.Encoding.UTF8.GetByteCount(step.Message);
}
