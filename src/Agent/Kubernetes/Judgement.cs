using Coder.Mesh.Agent.Base;
using Coder.Mesh.V1;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>What the objects of a workspace amount to.</summary>
/// <param name="Word">Names the reason among all of the subject's; empty if there is none to tell.</param>
/// <param name="Subject">Names the object that it is about; null for the workspace as a whole.</param>
/// <param name="Since">As the cluster says; null if it keeps no time of it.</param>
internal sealed record Judgement(
    WorkspaceState State,
    string Code = "",
    string Message = "",
    string Word = "",
    string? Subject = null,
    DateTimeOffset? Since = null
)
{
    /// <summary>
    /// When it is to be judged again though nothing has changed: above all, when what is waited for has lasted too long.
    /// Null for never.
    /// </summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Failed, with nothing to wait for.</summary>
    public static Judgement Failed(string code) => new(WorkspaceState.Failed, code, Word: code);

    /// <summary>Waiting for what the cluster may still come to do.</summary>
    public static Judgement Waiting(string code) => new(WorkspaceState.Starting, code, Word: $"{code}/waiting");

    public Judgement Of(ObjectMeta metadata, string message, DateTimeOffset? since = null) =>
        this with
        {
            Message = message,
            Subject = ObservedStates.Subject(metadata),
            Since = since == default(DateTimeOffset) ? null : since,
        };

    /// <summary>
    /// The same as long as the patience lasts, counted from the time that the cluster keeps: an agent that restarts goes on
    /// counting. After that it is failed, until the cluster has done it after all.
    /// </summary>
    /// <param name="code">What it is failed with.</param>
    public Judgement Within(Patience patience, string code)
    {
        if (Since is not { } since)
            return this;
        var deadline = since + patience.Limit;
        return deadline > patience.Now
            ? this with
            {
                Deadline = deadline,
            }
            : this with
            {
                State = WorkspaceState.Failed,
                Code = code,
                Message = $"{Message} (for longer than {Durations.Format(patience.Limit)})",
                Word = code,
                Since = deadline,
            };
    }
}

/// <summary>How long a workspace may wait for what its cluster may still come to do.</summary>
internal readonly record struct Patience(DateTimeOffset Now, TimeSpan Limit);
