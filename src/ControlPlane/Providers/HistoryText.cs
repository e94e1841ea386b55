using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Tells a person what happened. Pure.</summary>
internal static class HistoryText
{
    public static string Of(object change) =>
        change switch
        {
            ProviderRegistered e => $"registered as \"{e.Name}\"{Details(e.Details)}",
            ProviderRenamed e => $"renamed to \"{e.Name}\"",
            ProviderDetailsChanged e => $"details changed{Details(e.Details)}",
            ProviderCordoned e => $"cordoned: {e.Reason}",
            ProviderUncordoned => "uncordoned",
            ProviderTokenIssued e => $"token {e.TokenId} issued",
            ProviderTokenRevoked e => $"token {e.TokenId} revoked",
            ProviderDeleted => "deleted",
            ProviderForgotten e => Because($"forgotten, {WorkspaceCounts.Words(e.LostWorkspaces)} lost", e.Reason),
            PresenceStarted => "waiting for its agent",
            AgentConnected e =>
                $"agent {e.Agent.AgentVersion} attached from namespace \"{e.Agent.Namespace}\", epoch {e.Epoch}",
            AgentDisconnected e => $"agent detached: {e.Reason}",
            OwnerDismissed => "agent detached: its control plane has left",
            ConditionsReported e => Conditions(e),
            StatusChanged { Status: ProviderStatus.Error } e => $"Error: {e.Code}: {e.Message}",
            StatusChanged e => e.Status.ToString(),
            ClusterOffered e => $"agent of namespace \"{e.Namespace}\" ({e.NamespaceUid}) refused",
            ClusterAccepted e => $"bound to namespace \"{e.Namespace}\" ({e.NamespaceUid})",
            PresenceEnded => "its agents are refused from now on",
            _ => throw new ArgumentOutOfRangeException(nameof(change), change.GetType(), "no text for this event"),
        };

    private static string Details(ProviderDetails details)
    {
        string[] parts =
        [
            Part("cluster address", details.ClusterAddress),
            Part("hostname", details.Hostname),
            Part("region", details.Region),
            Part("storage class", details.StorageClass),
            details.MaxWorkspaces > 0 ? $"at most {details.MaxWorkspaces} workspaces" : "",
            .. Workspaces(details.Workspaces),
        ];
        var given = string.Join(", ", parts.Where(p => p.Length > 0));
        return given.Length > 0 ? $": {given}" : "";
    }

    private static IEnumerable<string> Workspaces(WorkspaceDetails details)
    {
        if (details.Tolerations.Length > 0)
            yield return $"{details.Tolerations.Length} tolerations";
        if (details.NodeSelector.Count > 0)
            yield return $"node selector {string.Join(" ", details.NodeSelector.Select(l => $"{l.Key}={l.Value}"))}";
        if (details.Affinity is { } affinity)
            yield return affinity == "{}" ? "no affinity" : "an affinity of its own";
        if (details.ServiceAccountAnnotations.Count > 0)
            yield return $"service account annotations {string.Join(" ", details.ServiceAccountAnnotations.Keys)}";
        if (details.ImagePullSecrets.Length > 0)
            yield return $"image pull secrets {string.Join(" ", details.ImagePullSecrets)}";
    }

    private static string Part(string name, string value) => value.Length > 0 ? $"{name} {value}" : "";

    private static string Conditions(ConditionsReported report)
    {
        var open = report.Conditions.Where(c => c.Status != ConditionStatus.True).ToList();
        return open.Count == 0
            ? "agent reports: all conditions true"
            : $"agent reports: {string.Join("; ", open.Select(c => $"{c.Type} {c.Status}: {c.Code}"))}";
    }

    private static string Because(string what, string reason) => reason.Length > 0 ? $"{what}: {reason}" : what;
}
