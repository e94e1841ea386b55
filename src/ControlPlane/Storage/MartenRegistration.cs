using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Watches;
using Coder.Mesh.ControlPlane.Workspaces;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Npgsql;
using Weasel.Core;

namespace Coder.Mesh.ControlPlane.Storage;

internal static class MartenRegistration
{
    /// <summary>The name of the unique index that keeps a living provider's name to itself.</summary>
    public const string ProviderNameIndex = "ux_provider_name";

    /// <summary>The same for a workspace's name within organization and owner.</summary>
    public const string WorkspaceNameIndex = "ux_workspace_name";

    /// <summary>The same for the namespace that a provider's agent works in.</summary>
    public const string NamespaceIndex = "ux_presence_namespace";

    public const string OrganizationNameIndex = "ux_organization_name";

    public static void Configure(StoreOptions options, NpgsqlDataSource database, Replica replica)
    {
        options.Connection(database);
        options.DatabaseSchemaName = "mesh";
        options.UseSystemTextJsonForSerialization(EnumStorage.AsString);
        options.Events.StreamIdentity = StreamIdentity.AsString;
        options.Events.AppendMode = EventAppendMode.Quick;
        options.Events.MetadataConfig.HeadersEnabled = true;
        options.Events.MetadataConfig.CausationIdEnabled = true;
        options.Events.MetadataConfig.CorrelationIdEnabled = true;
        options.Events.MetadataConfig.UserNameEnabled = true;
        // The schema is made at start, under a lock; a running replica never alters it.
        options.AutoCreateSchemaObjects = AutoCreate.None;
        foreach (var (type, name) in EventNames.All)
            options.Events.MapEventType(type, name);
        options.Listeners.Add(new ChangeFeed(replica));

        Snapshot<MeshDeployment, DeploymentEvent>(options, MeshDeployment.Fold);
        Snapshot<Organization, OrganizationEvent>(options, Organization.Fold);
        Snapshot<Provider, ProviderEvent>(options, Provider.Fold);
        Snapshot<ProviderPresence, PresenceEvent>(options, ProviderPresence.Fold);
        Snapshot<Workspace, WorkspaceEvent>(options, Workspace.Fold);
        Indexes(options);
    }

    private static void Snapshot<TState, TEvent>(StoreOptions options, Func<TState?, string, TEvent, TState?> fold)
        where TState : class
        where TEvent : class =>
        options.Projections.Add(new StreamProjection<TState, TEvent>(fold), ProjectionLifecycle.Inline);

    private static void Indexes(StoreOptions options)
    {
        options.Schema.For<TokenRecord>().Identity(x => x.Id);
        options
            .Schema.For<Organization>()
            .Index(x => x.Name, i => (i.Name, i.IsUnique, i.Predicate) = (OrganizationNameIndex, true, Living));
        options
            .Schema.For<Provider>()
            .Index(x => x.Name, i => (i.Name, i.IsUnique, i.Predicate) = (ProviderNameIndex, true, Living))
            .Index(x => new { x.Name, x.ProviderId }, i => i.Name = "ix_provider_name");
        options
            .Schema.For<ProviderPresence>()
            .Index(x => x.NamespaceUid!, i => (i.Name, i.IsUnique) = (NamespaceIndex, true))
            .Index(x => x.Status, i => i.Name = "ix_presence_status");
        options
            .Schema.For<Workspace>()
            .Index(
                x => new
                {
                    x.OrganizationId,
                    x.Owner,
                    x.Name,
                },
                i => (i.Name, i.IsUnique, i.Predicate) = (WorkspaceNameIndex, true, Unfinished)
            )
            .Index(
                x => new { x.ProviderId, x.OrganizationId },
                i => (i.Name, i.Predicate) = ("ix_workspace_provider", Unfinished)
            )
            .Index(
                x => new { x.OrganizationId, x.Id },
                i => (i.Name, i.Predicate) = ("ix_workspace_organization", Unfinished)
            )
            .Index(x => new { x.Owner, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_owner", Unfinished))
            .Index(x => new { x.State, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_state", Unfinished))
            .Index(x => x.ProviderId, i => (i.Name, i.Predicate) = ("ix_workspace_volume_anew", VolumeCreatedAnew))
            // Of those that have ended: changed once, when a workspace ends.
            .Index(
                x => new { x.OrganizationId, x.Id },
                i => (i.Name, i.Predicate) = ("ix_workspace_ended_organization", Ended)
            )
            .Index(x => new { x.ProviderId, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_ended_provider", Ended))
            .Index(x => new { x.Owner, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_ended_owner", Ended))
            .Index(x => new { x.State, x.Id }, i => (i.Name, i.Predicate) = ("ix_workspace_ended_state", Ended));
    }

    /// <summary>As Marten renders <c>!x.Deleted</c>: only a query with the very predicate of a partial index uses it.</summary>
    public const string Living = "((data ->> 'Deleted') is null or (data ->> 'Deleted')::boolean = false)";

    /// <summary>As Marten renders <c>x.Finished</c>.</summary>
    public const string Ended = "((data ->> 'Finished')::boolean = true)";

    /// <inheritdoc cref="Living"/>
    public const string Unfinished = "((data ->> 'Finished') is null or (data ->> 'Finished')::boolean = false)";

    /// <summary>Few, whatever is there: every list of providers asks for them.</summary>
    public const string VolumeCreatedAnew = Unfinished + " and (data ->> 'VolumeCreatedAnewAt') is not null";
}
