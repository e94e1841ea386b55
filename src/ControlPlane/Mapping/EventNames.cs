using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Mapping;

/// <summary>
/// The stored names of events. They are a contract with every existing database: a record may be renamed, but not its
/// name here. A changed meaning gets a new record and a new name.
/// </summary>
internal static class EventNames
{
    public static IReadOnlyDictionary<Type, string> All { get; } =
        new Dictionary<Type, string>
        {
            [typeof(DeploymentInitialized)] = "deployment.initialized.v1",
            [typeof(DefaultProviderSet)] = "deployment.default_provider_set.v1",
            [typeof(AccessUrlSet)] = "deployment.access_url_set.v1",
            [typeof(OrganizationCreated)] = "organization.created.v1",
            [typeof(ProviderAllowed)] = "organization.provider_allowed.v1",
            [typeof(ProviderDisallowed)] = "organization.provider_disallowed.v1",
            [typeof(OrganizationDeleted)] = "organization.deleted.v1",
            [typeof(ProviderRegistered)] = "provider.registered.v1",
            [typeof(ProviderRenamed)] = "provider.renamed.v1",
            [typeof(ProviderDetailsChanged)] = "provider.details_changed.v1",
            [typeof(ProviderCordoned)] = "provider.cordoned.v1",
            [typeof(ProviderUncordoned)] = "provider.uncordoned.v1",
            [typeof(ProviderTokenIssued)] = "provider.token_issued.v1",
            [typeof(ProviderTokenRevoked)] = "provider.token_revoked.v1",
            [typeof(ProviderDeleted)] = "provider.deleted.v1",
            [typeof(ProviderForgotten)] = "provider.forgotten.v1",
            [typeof(PresenceStarted)] = "presence.started.v1",
            [typeof(AgentConnected)] = "presence.agent_connected.v1",
            [typeof(AgentDisconnected)] = "presence.agent_disconnected.v1",
            [typeof(OwnerDismissed)] = "presence.owner_dismissed.v1",
            [typeof(ConditionsReported)] = "presence.conditions_reported.v1",
            [typeof(StatusChanged)] = "presence.status_changed.v1",
            [typeof(AgentRefused)] = "presence.agent_refused.v1",
            [typeof(ClusterOffered)] = "presence.cluster_offered.v1",
            [typeof(ClusterAccepted)] = "presence.cluster_accepted.v1",
            [typeof(PresenceEnded)] = "presence.ended.v1",
            [typeof(WorkspaceCreated)] = "workspace.created.v1",
            [typeof(WorkspaceAdopted)] = "workspace.adopted.v1",
            [typeof(OrphanRemovalRequested)] = "workspace.orphan_removal_requested.v1",
            [typeof(WorkspaceStartRequested)] = "workspace.start_requested.v1",
            [typeof(WorkspaceRestartRequested)] = "workspace.restart_requested.v1",
            [typeof(WorkspaceOwnerEmailChanged)] = "workspace.owner_email_changed.v1",
            [typeof(WorkspaceSpecChanged)] = "workspace.spec_changed.v1",
            [typeof(WorkspaceStopRequested)] = "workspace.stop_requested.v1",
            [typeof(WorkspaceDeleteRequested)] = "workspace.delete_requested.v1",
            [typeof(DesiredStateRepeated)] = "workspace.desired_state_repeated.v1",
            [typeof(WorkspaceObserved)] = "workspace.observed.v1",
            [typeof(WorkspaceLost)] = "workspace.lost.v1",
            [typeof(GenerationRaised)] = "workspace.generation_raised.v1",
        };
}
