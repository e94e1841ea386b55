using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Decides whether a wait has ended. Pure.</summary>
/// <param name="Done">Whether the wait has ended.</param>
/// <param name="Failure">Why the wait failed; null on success and while waiting.</param>
internal sealed record WaitVerdict(bool Done, Failure? Failure = null)
{
    private static readonly WaitVerdict Waiting = new(Done: false);
    private static readonly WaitVerdict Reached = new(Done: true);

    /// <param name="seen">The workspace as just read.</param>
    /// <param name="desired">The desired state.</param>
    /// <param name="generation">The generation of the change; observations of older generations are ignored.</param>
    /// <param name="whole">Whether a change that the cluster rejected in part is a failure.</param>
    public static WaitVerdict Of(Workspace seen, WorkspaceDesiredState desired, ulong generation, bool whole = false) =>
        seen.State switch
        {
            WorkspaceState.Deleted when desired == WorkspaceDesiredState.Deleted => Reached,
            WorkspaceState.Deleted or WorkspaceState.Lost => Otherwise(
                seen,
                desired,
                $"ended as {Text.Word(seen.State)}"
            ),
            _ when seen.DesiredState != desired => Otherwise(
                seen,
                desired,
                $"was changed by another request: it will be {Text.Word(seen.DesiredState)}"
            ),
            _ when seen.ObservedGeneration < generation => Waiting,
            WorkspaceState.Running when desired == WorkspaceDesiredState.Running => As(seen, whole),
            WorkspaceState.Stopped when desired == WorkspaceDesiredState.Stopped => As(seen, whole),
            WorkspaceState.Failed => Otherwise(seen, desired, "failed"),
            _ => Waiting,
        };

    private static WaitVerdict As(Workspace seen, bool whole) =>
        whole && seen.StateCode.Length > 0
            ? Ended(seen, $"workspace/{seen.Name} is {Text.Word(seen.State)}, but the change was not fully applied")
            : Reached;

    private static WaitVerdict Otherwise(Workspace seen, WorkspaceDesiredState desired, string what) =>
        Ended(seen, $"workspace/{seen.Name} {what}; expected state: {Text.Word(desired)}");

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
