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
    public static WaitVerdict Of(Workspace seen, WorkspaceDesiredState wish, ulong generation) =>
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
            WorkspaceState.Running when wish == WorkspaceDesiredState.Running => Reached,
            WorkspaceState.Stopped when wish == WorkspaceDesiredState.Stopped => Reached,
            WorkspaceState.Failed => Otherwise(seen, wish, "failed"),
            _ => Waiting,
        };

    private static WaitVerdict Otherwise(Workspace seen, WorkspaceDesiredState wish, string what) =>
        new(
            Done: true,
            new Failure($"workspace \"{seen.Name}\" {what}; it should be {Text.Word(wish)}", ExitCodes.WaitFailed)
            {
                Reason = seen.StateCode.Length > 0 ? seen.StateCode : null,
                Details = seen.StateMessage.Length > 0 ? [$"cause: {seen.StateMessage}"] : [],
                Tips = [$"mesh workspaces timeline {seen.Id}"],
            }
        );
}
