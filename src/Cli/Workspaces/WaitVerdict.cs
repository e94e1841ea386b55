using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>What a look at a workspace means for one who waits. Pure.</summary>
/// <param name="Done">Whether the waiting is over.</param>
/// <param name="Failure">Why it ended otherwise than wished; null if it didn't.</param>
internal sealed record WaitVerdict(bool Done, Failure? Failure = null)
{
    private static readonly WaitVerdict Waiting = new(Done: false);
    private static readonly WaitVerdict Reached = new(Done: true);

    /// <param name="seen">The workspace as it was just read.</param>
    /// <param name="wish">What was asked for.</param>
    /// <param name="generation">The generation that the wish has; older observations say nothing about it.</param>
    /// <param name="whole">Whether a change that the cluster has refused a part of is a failure.</param>
    public static WaitVerdict Of(Workspace seen, WorkspaceDesiredState wish, ulong generation, bool whole = false) =>
        seen.State switch
        {
            WorkspaceState.Deleted when wish == WorkspaceDesiredState.Deleted => Reached,
            WorkspaceState.Deleted or WorkspaceState.Lost => Otherwise(
                seen,
                wish,
                $"has ended as {Text.Word(seen.State)}"
            ),
            _ when seen.DesiredState != wish => Otherwise(
                seen,
                wish,
                $"was asked in the meantime to be {Text.Word(seen.DesiredState)}"
            ),
            _ when seen.ObservedGeneration < generation => Waiting,
            WorkspaceState.Running when wish == WorkspaceDesiredState.Running => As(seen, whole),
            WorkspaceState.Stopped when wish == WorkspaceDesiredState.Stopped => As(seen, whole),
            WorkspaceState.Failed => Otherwise(seen, wish, "failed"),
            _ => Waiting,
        };

    private static WaitVerdict As(Workspace seen, bool whole) =>
        whole && seen.StateCode.Length > 0
            ? Ended(seen, $"workspace \"{seen.Name}\" is {Text.Word(seen.State)}, but was not changed as asked")
            : Reached;

    private static WaitVerdict Otherwise(Workspace seen, WorkspaceDesiredState wish, string what) =>
        Ended(seen, $"workspace \"{seen.Name}\" {what}; it should be {Text.Word(wish)}");

    private static WaitVerdict Ended(Workspace seen, string message) =>
        new(
            Done: true,
            new Failure(message, ExitCodes.WaitFailed)
            {
                Reason = seen.StateCode.Length > 0 ? seen.StateCode : null,
                Details = seen.StateMessage.Length > 0 ? [$"cause: {seen.StateMessage}"] : [],
                Tips = [$"mesh workspaces timeline {seen.Id}"],
            }
        );
}
