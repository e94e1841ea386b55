using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>Names for the ids in events.</summary>
/// <param name="Organization">Name of the organization whose event it is.</param>
/// <param name="Provider">Returns the name of a provider.</param>
/// <param name="PreviousDefault">Id of the default provider before the event; null if there was none.</param>
/// <param name="Subject">Id of the provider whose history it is.</param>
internal sealed record HistoryNames(
    string Organization,
    Func<string, string> Provider,
    string? PreviousDefault,
    string Subject
)
{
    public static readonly HistoryNames None = new("", id => id, null, "");
}

/// <summary>Describes events of a provider for people. Pure functions.</summary>
internal static class HistoryText
{
    /// <returns>Empty if nothing has changed that matters to a person.</returns>
    public static string Of(object change, HistoryState before, HistoryNames names) =>
        change switch
        {
            ProviderEvent e => Of(e, before),
            PresenceEvent e => Of(e, before),
            OrganizationEvent e => Of(e, names),
            DeploymentEvent e => Of(e, names),
            _ => throw NoText(change),
        };

    private static string Of(ProviderEvent change, HistoryState before) =>
        change switch
        {
            ProviderRegistered e => Differences.Join(Details(null, e.Details).Prepend($"registered as \"{e.Name}\"")),
            ProviderRenamed e => $"renamed: {Quoted(before.Name)}\"{e.Name}\"",
            ProviderDetailsChanged e => Differences.Join(Details(before.Details, e.Details)) is { Length: > 0 } changes
                ? $"details changed: {changes}"
                : "details set as they were",
            ProviderCordoned e => before.CordonReason is { } reason
                ? $"cordoned for another reason: {reason} → {e.Reason}"
                : $"cordoned: {e.Reason}",
            ProviderUncordoned => before.CordonReason is { } past
                ? $"uncordoned; it was cordoned for: {past}"
                : "uncordoned",
            ProviderTokenIssued e => $"token {e.TokenId} made",
            ProviderTokenRevoked e => $"token {e.TokenId} revoked",
            ProviderDeleted => "deleted",
            ProviderForgotten e => With($"forgotten, {WorkspaceCounts.Words(e.LostWorkspaces)} lost", e.Reason),
            _ => throw NoText(change),
        };

    private static string Of(PresenceEvent change, HistoryState before) =>
        change switch
        {
            PresenceStarted => "waiting for its first agent",
            AgentConnected e =>
                $"agent {Version(before.AgentVersion, e.Agent.AgentVersion)} attached from namespace \"{e.Agent.Namespace}\", epoch {e.Epoch}",
            AgentDisconnected e => $"agent detached: {DisconnectReasons.Words(e.Reason)}",
            OwnerDismissed => "agent detached: the control plane's replica that it was attached to is gone",
            ConditionsReported e => Conditions(before, e),
            StatusChanged e => $"{Status(before.Status)} → {Status(e)}{(e.Message.Length > 0 ? $": {e.Message}" : "")}",
            // The status change that goes with it contains the message.
            AgentRefused { Decides: true } e => $"an agent was refused: {e.Reason}",
            AgentRefused e => $"an agent was refused: {e.Reason}: {e.Message}",
            ClusterOffered e => $"an agent of another namespace was refused: \"{e.Namespace}\", UID {e.NamespaceUid}",
            ClusterAccepted e =>
                $"bound to another namespace: {(before.Cluster is var (ns, uid) ? $"\"{ns}\", UID {uid} → " : "")}\"{e.Namespace}\", UID {e.NamespaceUid}",
            PresenceEnded => "its agents are refused from now on",
            _ => throw NoText(change),
        };

    private static string Of(OrganizationEvent change, HistoryNames names) =>
        change switch
        {
            OrganizationCreated e => $"organization \"{e.Name}\" created",
            ProviderAllowed => $"organization \"{names.Organization}\" may use it",
            ProviderDisallowed => $"organization \"{names.Organization}\" may no longer use it",
            OrganizationDeleted => $"organization \"{names.Organization}\" deleted",
            _ => throw NoText(change),
        };

    private static string Of(DeploymentEvent change, HistoryNames names) =>
        change switch
        {
            DeploymentInitialized => "the deployment was set up",
            DefaultProviderSet e when names.PreviousDefault is { } previous =>
                $"{(e.ProviderId == names.Subject ? "made the default provider" : "no longer the default provider")}: \"{names.Provider(previous)}\" → \"{names.Provider(e.ProviderId)}\"",
            DefaultProviderSet => "made the default provider",
            AccessUrlSet { AccessUrl: "" } => "the access URL was taken back",
            AccessUrlSet e => $"the access URL is {e.AccessUrl}",
            _ => throw NoText(change),
        };

    private static IEnumerable<string> Details(ProviderDetails? before, ProviderDetails after) =>
        [
            .. DetailFields.All.Select(field =>
                Differences.Of(field.Word, before is null ? null : field.Get(before), field.Get(after))
            ),
            Differences.Of(
                "maximum",
                before is null ? null : Maximum(before.MaxWorkspaces),
                Maximum(after.MaxWorkspaces)
            ),
            .. Differences.Of(before?.Workspaces, after.Workspaces),
        ];

    private static string Maximum(int max) => max == 0 ? "" : WorkspaceCounts.Words(max);

    private static string Status(StatusChanged? status) =>
        status switch
        {
            null => nameof(ProviderStatus.Pending),
            { Status: ProviderStatus.Error } => $"Error ({status.Code})",
            _ => status.Status.ToString(),
        };

    private static string Conditions(HistoryState before, ConditionsReported report)
    {
        var last = before.Conditions.ToDictionary(c => c.Type);
        var changes = report
            .Conditions.Where(c => !HistoryState.IsOpen(c))
            .Select(c => Condition(last.GetValueOrDefault(c.Type), c))
            .Concat(
                before
                    .Conditions.Where(c => !HistoryState.IsAdvisory(c))
                    .ExceptBy(report.Conditions.Select(c => c.Type), c => c.Type)
                    .Select(gone => $"{gone.Type}: no longer reported")
            );
        if (Differences.Join(changes) is { Length: > 0 } text)
            return $"agent reports: {text}";
        return before.Conditions.IsEmpty ? "agent reports: all conditions are true" : "";
    }

    private static string Condition(Condition? before, Condition after)
    {
        var now = Word(after);
        if (before is null)
            return after.Status == ConditionStatus.True ? "" : With($"{after.Type}: {now}", after.Message);
        var was = Word(before);
        if (was != now)
            return With($"{after.Type}: {was} → {now}", after.Message);
        return before.Message == after.Message ? "" : $"{after.Type} is still {now}: {after.Message}";
    }

    private static string Word(Condition condition)
    {
        var status = condition.Status switch
        {
            ConditionStatus.True => "true",
            ConditionStatus.False => "false",
            _ => "unknown",
        };
        return condition.Code.Length > 0 ? $"{status} ({condition.Code})" : status;
    }

    private static string Version(string? before, string after) =>
        before is null || before == after ? after : $"{before} → {after}";

    private static string Quoted(string? before) => before is null ? "" : $"\"{before}\" → ";

    private static string With(string what, string more) => more.Length > 0 ? $"{what}: {more}" : what;

    private static ArgumentOutOfRangeException NoText(object change) =>
        new(nameof(change), change.GetType(), "no text for this event");
}
