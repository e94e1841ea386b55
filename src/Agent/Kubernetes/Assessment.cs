using Coder.Mesh.Shared;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>State of a workspace as derived from its objects.</summary>
/// <param name="ReasonId">Identifies the reason among those of the subject; empty if there is none.</param>
/// <param name="Subject">The object that it concerns; null for the workspace as a whole.</param>
/// <param name="Since">Time by the cluster; null if it has none.</param>
internal sealed record Assessment(
    WorkspaceState State,
    string Code = "",
    string Message = "",
    string ReasonId = "",
    string? Subject = null,
    DateTimeOffset? Since = null
)
{
    /// <summary>
    /// When to assess again even if no object changes, for example because a wait has lasted too long; null for never.
    /// </summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Whether it has its own timeout after which it becomes Failed.</summary>
    public bool Timed { get; private init; }

    /// <summary>Creates a failure that cannot pass by itself.</summary>
    public static Assessment Failed(string code) => new(WorkspaceState.Failed, code, ReasonId: code);

    /// <summary>Creates a state in which the cluster may still act.</summary>
    public static Assessment Waiting(string code) => new(WorkspaceState.Starting, code, ReasonId: $"{code}/waiting");

    public Assessment Of(ObjectMeta metadata, string message, DateTimeOffset? since = null) =>
        this with
        {
            Message = message,
            Subject = ObservedStates.Subject(metadata),
            Since = since == default(DateTimeOffset) ? null : since,
        };

    /// <summary>
    /// Becomes Failed when this state has lasted longer than the timeout of the context, until the cluster gets over
    /// it. The time is counted from the cluster's own timestamps, so that a restart of the agent does not reset it.
    /// </summary>
    /// <param name="code">Code of the failure.</param>
    public Assessment FailAfterTimeout(EvaluationContext context, string code)
    {
        if (Since is not { } since)
            return this;
        var deadline = since + context.PendingTimeout;
        return deadline > context.Now
            ? this with
            {
                Deadline = deadline,
                Timed = true,
            }
            : this with
            {
                State = WorkspaceState.Failed,
                Code = code,
                Message = $"{Message} (for longer than {Durations.Format(context.PendingTimeout)})",
                ReasonId = code,
                Since = deadline,
            };
    }
}

/// <summary>Time and limits for an assessment.</summary>
internal readonly record struct EvaluationContext(DateTimeOffset Now, TimeSpan PendingTimeout)
{
    /// <summary>Since when the agent has seen the workspace not running in this generation; null if unknown.</summary>
    public DateTimeOffset? StartingSince { get; init; }
}
