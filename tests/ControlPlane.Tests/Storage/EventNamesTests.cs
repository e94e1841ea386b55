using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

/// <summary>The names under which events stand in every database there is. A change here needs a migration.</summary>
public sealed class EventNamesTests
{
    private const string Pinned = """
        deployment.access_url_set.v1 AccessUrlSet
        deployment.default_provider_set.v1 DefaultProviderSet
        deployment.initialized.v1 DeploymentInitialized
        organization.created.v1 OrganizationCreated
        organization.deleted.v1 OrganizationDeleted
        organization.provider_allowed.v1 ProviderAllowed
        organization.provider_disallowed.v1 ProviderDisallowed
        presence.agent_connected.v1 AgentConnected
        presence.agent_disconnected.v1 AgentDisconnected
        presence.agent_refused.v1 AgentRefused
        presence.cluster_accepted.v1 ClusterAccepted
        presence.cluster_offered.v1 ClusterOffered
        presence.conditions_reported.v1 ConditionsReported
        presence.ended.v1 PresenceEnded
        presence.owner_dismissed.v1 OwnerDismissed
        presence.started.v1 PresenceStarted
        presence.status_changed.v1 StatusChanged
        provider.cordoned.v1 ProviderCordoned
        provider.deleted.v1 ProviderDeleted
        provider.details_changed.v1 ProviderDetailsChanged
        provider.forgotten.v1 ProviderForgotten
        provider.registered.v1 ProviderRegistered
        provider.renamed.v1 ProviderRenamed
        provider.token_issued.v1 ProviderTokenIssued
        provider.token_revoked.v1 ProviderTokenRevoked
        provider.uncordoned.v1 ProviderUncordoned
        workspace.adopted.v1 WorkspaceAdopted
        workspace.created.v1 WorkspaceCreated
        workspace.delete_requested.v1 WorkspaceDeleteRequested
        workspace.desired_state_repeated.v1 DesiredStateRepeated
        workspace.generation_raised.v1 GenerationRaised
        workspace.lost.v1 WorkspaceLost
        workspace.observed.v1 WorkspaceObserved
        workspace.orphan_removal_requested.v1 OrphanRemovalRequested
        workspace.owner_email_changed.v1 WorkspaceOwnerEmailChanged
        workspace.restart_requested.v1 WorkspaceRestartRequested
        workspace.spec_changed.v1 WorkspaceSpecChanged
        workspace.start_requested.v1 WorkspaceStartRequested
        workspace.stop_requested.v1 WorkspaceStopRequested
        """;

    [Fact]
    public void Stored_names_are_what_they_have_always_been() =>
        Assert.Equal(
            Pinned.Split('\n', StringSplitOptions.TrimEntries),
            EventNames.All.Select(n => $"{n.Value} {n.Key.Name}").Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Every_event_has_a_stored_name()
    {
        Type[] families =
        [
            typeof(DeploymentEvent),
            typeof(OrganizationEvent),
            typeof(ProviderEvent),
            typeof(PresenceEvent),
            typeof(WorkspaceEvent),
        ];
        var events = typeof(EventNames).Assembly.GetTypes().Where(t => families.Contains(t.BaseType));

        Assert.Empty(events.Except(EventNames.All.Keys));
    }
}
