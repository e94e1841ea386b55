using Coder.Mesh.ControlPlane.Providers;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>What is currently known of a workspace: the API's <c>WorkspaceSummary</c>. Pure functions.</summary>
/// <param name="LastReportAt">Set if the state is only the last reported one.</param>
internal sealed record WorkspaceSummary(
    ObservedState State,
    DateTimeOffset? LastReportAt,
    string Reason,
    string WaitingFor
)
{
    /// <summary>Applies the rule for all clients, which show its result.</summary>
    public static WorkspaceSummary Of(Workspace workspace, WorkspaceProvider provider)
    {
        // Its state is final and not reported on any more.
        if (workspace.Finished)
            return new WorkspaceSummary(workspace.State, null, "", "");
        var acted = workspace.ObservedGeneration >= workspace.Generation;
        var shown = Shown(workspace.Desired, workspace.State, acted);
        var ready = provider.Status == ProviderStatus.Ready;
        return new WorkspaceSummary(
            shown,
            ready || workspace.ObservedGeneration == 0 ? null : LastReport(workspace, provider),
            Why(shown, acted, provider),
            IsSettled(workspace.Desired, shown, acted) ? "" : Awaited(acted, provider)
        );
    }

    /// <param name="acted">Whether the report is about the last request and not about something before it.</param>
    private static ObservedState Shown(DesiredState desired, ObservedState seen, bool acted) =>
        (desired, seen) switch
        {
            (DesiredState.Deleted, _) or (_, ObservedState.Deleting) => ObservedState.Deleting,
            (_, ObservedState.Failed) when acted => ObservedState.Failed,
            (DesiredState.Stopped, ObservedState.Stopped) => ObservedState.Stopped,
            (DesiredState.Stopped, _) => ObservedState.Stopping,
            (_, ObservedState.Pending or ObservedState.Running) => seen,
            _ => ObservedState.Starting,
        };

    private static bool IsSettled(DesiredState desired, ObservedState shown, bool acted) =>
        acted
        && (desired, shown)
            is
                (_, ObservedState.Failed)
                or
                (DesiredState.Running, ObservedState.Running)
                or
                (DesiredState.Stopped, ObservedState.Stopped);

    private static string Why(ObservedState shown, bool acted, WorkspaceProvider provider)
    {
        if (provider.Status != ProviderStatus.Ready)
            return $"provider {provider.Name} is {(provider.Status == ProviderStatus.Error ? "in error" : Word(provider.Status))}";
        // The agent has some time to return before its provider is in Error.
        if (!acted && !provider.Attached)
            return $"the agent of provider {provider.Name} is not connected";
        // The state alone could be taken for the result of the last request.
        return !acted && shown is (ObservedState.Running or ObservedState.Stopped)
            ? "its agent has not acted on the last change yet"
            : "";
    }

    private static string Awaited(bool acted, WorkspaceProvider provider)
    {
        // Once the agent has acted, the code and message of the state describe what the cluster does.
        if (provider.Status == ProviderStatus.Ready)
            return acted ? ""
                : provider.Attached ? $"the agent of provider {provider.Name}"
                : $"the agent of provider {provider.Name} to come back: its connection is lost";
        string[] why =
        [
            $"provider {provider.Name}",
            $"{Word(provider.Status)} {provider.Code}".TrimEnd(),
            provider.Message,
        ];
        return string.Join(": ", why.Where(part => part.Length > 0));
    }

    // Without an agent, the last report is at most as late as the end of its stream. An attached agent reports what it
    // can still see.
    private static DateTimeOffset LastReport(Workspace workspace, WorkspaceProvider provider)
    {
        var last = provider is { Attached: false, AgentSince: { } detached } ? detached : provider.StatusAt;
        return provider.Attached && workspace.Desired != DesiredState.Deleted && workspace.StateAt > last
            ? workspace.StateAt
            : last;
    }

    private static string Word(ProviderStatus status) =>
        status switch
        {
            ProviderStatus.Pending => "pending",
            ProviderStatus.Error => "error",
            _ => "ready",
        };
}
