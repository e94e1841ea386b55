using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Npgsql;
using Weasel.Core;

namespace Coder.Mesh.ControlPlane.Hosting;

internal static class MartenRegistration
{
    public static void Configure(StoreOptions options, NpgsqlDataSource database, Replica replica)
    {
        options.Connection(database);
        options.DatabaseSchemaName = Tables.Schema;
        options.UseSystemTextJsonForSerialization(EnumStorage.AsString);
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.AppendMode = EventAppendMode.Quick;
        options.Events.MetadataConfig.HeadersEnabled = true;
        options.Events.MetadataConfig.CausationIdEnabled = true;
        options.Events.MetadataConfig.CorrelationIdEnabled = true;
        options.Events.MetadataConfig.UserNameEnabled = true;
        // The schema is created at start, under a lock. A running replica never changes it.
        options.AutoCreateSchemaObjects = AutoCreate.None;
        foreach (var (type, name) in EventNames.All)
            options.Events.MapEventType(type, name);
        options.Listeners.Add(new ChangeFeed(replica));

        Snapshot<MeshDeployment, DeploymentEvent>(options, MeshDeployment.Fold);
        Snapshot<Organization, OrganizationEvent>(options, Organization.Fold);
        Snapshot<Provider, ProviderEvent>(options, Provider.Fold);
        Snapshot<ProviderPresence, PresenceEvent>(options, ProviderPresence.Fold);
        Snapshot<Workspace, WorkspaceEvent>(options, Workspace.Fold);
        options.Schema.For<TokenRecord>().Identity(x => x.Id);
        AddIndexesOfOrganizations(options);
        AddIndexesOfProviders(options);
        AddIndexesOfWorkspaces(options);
        AddIndexesOfEndedWorkspaces(options);
    }

    private static void Snapshot<TState, TEvent>(StoreOptions options, Func<TState?, string, TEvent, TState?> fold)
        where TState : class
        where TEvent : class =>
        options.Projections.Add(new StreamProjection<TState, TEvent>(fold), ProjectionLifecycle.Inline);

    private static void AddIndexesOfOrganizations(StoreOptions options) =>
        options
            .Schema.For<Organization>()
            .Index(
                x => x.Name,
                i => (i.Name, i.IsUnique, i.Predicate) = (Indexes.OrganizationNameIndex, true, Indexes.NotDeleted)
            );

    private static void AddIndexesOfProviders(StoreOptions options)
    {
        options
            .Schema.For<Provider>()
            .Index(
                x => x.Name,
                i => (i.Name, i.IsUnique, i.Predicate) = (Indexes.ProviderNameIndex, true, Indexes.NotDeleted)
            )
            .Index(x => new { x.Name, x.ProviderId }, i => i.Name = "ix_provider_name");
        options
            .Schema.For<ProviderPresence>()
            .Index(x => x.NamespaceUid!, i => (i.Name, i.IsUnique) = (Indexes.NamespaceIndex, true))
            .Index(x => x.Status, i => i.Name = "ix_presence_status");
    }

    private static void AddIndexesOfWorkspaces(StoreOptions options) =>
        options
            .Schema.For<Workspace>()
            .Index(
                x => new
                {
                    x.OrganizationId,
                    x.Owner,
                    x.Name,
                },
                i => (i.Name, i.IsUnique, i.Predicate) = (Indexes.WorkspaceNameIndex, true, Indexes.Unfinished)
            )
            .Index(
                x => new { x.ProviderId, x.OrganizationId },
                i => (i.Name, i.Predicate) = ("ix_workspace_provider", Indexes.Unfinished)
            )
            .Index(
                x => new { x.OrganizationId, x.Id },
                i => (i.Name, i.Predicate) = ("ix_workspace_organization", Indexes.Unfinished)
            )
            .Index(x => new { x.Owner, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_owner", Indexes.Unfinished))
            .Index(x => new { x.State, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_state", Indexes.Unfinished))
            .Index(
                x => x.ProviderId,
                i => (i.Name, i.Predicate) = ("ix_workspace_volume_anew", Indexes.VolumeCreatedAnew)
            );

    /// <summary>These change once for each workspace, when it ends.</summary>
    private static void AddIndexesOfEndedWorkspaces(StoreOptions options) =>
        options
            .Schema.For<Workspace>()
            .Index(
                x => new { x.OrganizationId, x.Id },
                i => (i.Name, i.Predicate) = ("ix_workspace_ended_organization", Indexes.Ended)
            )
            .Index(
                x => new { x.ProviderId, x.Id },
                i => (i.Name, i.Predicate) = ("ix_workspace_ended_provider", Indexes.Ended)
            )
            .Index(x => new { x.Owner, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_ended_owner", Indexes.Ended))
            .Index(
                x => new { x.State, x.Id },
                i => (i.Name, i.Predicate) = ("ix_workspace_ended_state", Indexes.Ended)
            );
}
