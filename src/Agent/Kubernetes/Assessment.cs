using Coder.Mesh.Agent.Base;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>What the objects of a workspace amount to.</summary>
/// <param name="ReasonId">Names the reason among all of the subject's; empty if there is none to tell.</param>
/// <param name="Subject">Names the object that it is about; null for the workspace as a whole.</param>
/// <param name="Since">As the cluster says; null if it keeps no time of it.</param>
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
    /// When it is to be assessed again though nothing has changed: above all, when what is waited for has lasted too long.
    /// Null for never.
    /// </summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Has a time of its own after which it becomes Failed.</summary>
    public bool Timed { get; private init; }

    /// <summary>Failed, with nothing to wait for.</summary>
    public static Assessment Failed(string code) => new(WorkspaceState.Failed, code, ReasonId: code);

    /// <summary>Waiting for what the cluster may still come to do.</summary>
    public static Assessment Waiting(string code) => new(WorkspaceState.Starting, code, ReasonId: $"{code}/waiting");

    public Assessment Of(ObjectMeta metadata, string message, DateTimeOffset? since = null) =>
        this with
        {
            Message = message,
            Subject = ObservedStates.Subject(metadata),
            Since = since == default(DateTimeOffset) ? null : since,
        };

    /// <summary>
    /// Becomes Failed when this state has lasted longer than the timeout of the context, until the cluster gets over it. The time
    /// is counted from the cluster's own timestamps, so that a restart of the agent does not reset it.
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

/// <summary>How long a workspace may wait for what its cluster may still come to do.</summary>
internal readonly record struct EvaluationContext(DateTimeOffset Now, TimeSpan PendingTimeout)
{
    /// <summary>Since when the agent has seen the workspace not run in this generation; null if that is not known.</summary>
    public DateTimeOffset? StartingSince { get; init; }
}
