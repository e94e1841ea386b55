using System.Collections.Concurrent;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.V1;

namespace Coder.Mesh.Load.Scale;

/// <summary>
/// The agent of the workspaces that the filled store's are copies of: a workspace's name says what it reports.
/// </summary>
internal sealed class TemplateAgent
{
    public const string Running = "running";
    public const string Starting = "starting";
    public const string Pending = "pending";
    public const string Failed = "failed";
    public const string Stopped = "stopped";
    public const string Deleting = "deleting";
    public const string Deleted = "deleted";

    private readonly ConcurrentDictionary<string, string> _names = new();
    private ulong _version;

    public ConnectRequest? Answer(ConnectResponse frame) =>
        frame.FrameCase switch
        {
            ConnectResponse.FrameOneofCase.WorkspaceDesired => Desired(frame.WorkspaceDesired),
            ConnectResponse.FrameOneofCase.WorkspaceRemoved => Removed(frame.WorkspaceRemoved),
            _ => null,
        };

    private ConnectRequest? Desired(WorkspaceDesired desired)
    {
        _names[desired.WorkspaceId] = desired.Name;
        return (desired.Power, desired.Name) switch
        {
            (WorkspacePower.Stopped, _) => Report(desired.WorkspaceId, desired.Generation, WorkspaceState.Stopped),
            (_, Pending) => null,
            (_, Starting) => Report(desired.WorkspaceId, desired.Generation, WorkspaceState.Starting),
            (_, Failed) => Report(
                desired.WorkspaceId,
                desired.Generation,
                WorkspaceState.Failed,
                "image_pull_failed",
                "Failed to pull image \"registry.example.com/images/workspace:2026.11\": not found"
            ),
            _ => Report(desired.WorkspaceId, desired.Generation, WorkspaceState.Running),
        };
    }

    private ConnectRequest? Removed(WorkspaceRemoved removed) =>
        _names.GetValueOrDefault(removed.WorkspaceId) == Deleting
            ? null
            : Report(removed.WorkspaceId, removed.Generation, WorkspaceState.Deleted);

    private ConnectRequest Report(
        string workspaceId,
        ulong generation,
        WorkspaceState state,
        string code = "",
        string message = ""
    ) =>
        new()
        {
            WorkspaceObserved = new WorkspaceObserved
            {
                WorkspaceId = workspaceId,
                Generation = generation,
                Version = Interlocked.Increment(ref _version),
                State = state,
                Code = code,
                Message = message,
            },
        };
}
