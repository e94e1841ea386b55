using Coder.Mesh.Load.Store;
using JasperFx;
using JasperFx.Events;
using JasperFx.Events.Projections;
using Marten;
using Marten.Events.Aggregation;
using Npgsql;
using Weasel.Core;

namespace Coder.Mesh.Load.Placements;

/// <summary>An event of about the size of a workspace's first.</summary>
internal sealed record Appended(
    string WorkspaceId,
    string OrganizationId,
    string Owner,
    string Name,
    string ProviderId,
    string Image,
    string Cpu,
    string Memory,
    string Disk,
    string Traceparent,
    DateTimeOffset At
);

internal sealed record AppendedState(string Id, Appended First)
{
    public int Version { get; set; }
}

internal sealed partial class AppendedProjection : SingleStreamProjection<AppendedState, string>
{
    public override AppendedState? Evolve(AppendedState? snapshot, string id, IEvent e) =>
        e.Data is Appended first ? new AppendedState(id, first) : snapshot;
}

/// <summary>
/// What placements are compared with: Marten in its quickest mode, one stream with one event per save, and no rule,
/// lock, request or answer around it. In a database of its own on the product's PostgreSQL, with the product's event
/// metadata.
/// </summary>
internal sealed class AppendFloor : IAsyncDisposable
{
    public const string Application = "mesh-load-floor";

    private readonly NpgsqlDataSource _database;
    private readonly DocumentStore _store;

    private AppendFloor(NpgsqlDataSource database, DocumentStore store) => (_database, _store) = (database, store);

    /// <param name="snapshot">Whether each save writes the stream's snapshot too, as the product's does.</param>
    public static async Task<AppendFloor> Create(string dataFolder, string name, bool snapshot, CancellationToken ct)
    {
        await using (var admin = OwnPostgres.Open(dataFolder, Application))
            await admin.Execute($"create database {name}", ct);
        var database = OwnPostgres.Open(dataFolder, Application, name);
        var store = DocumentStore.For(options =>
        {
            options.Connection(database);
            options.UseSystemTextJsonForSerialization(EnumStorage.AsString);
            options.Events.StreamIdentity = StreamIdentity.AsString;
            options.Events.AppendMode = EventAppendMode.Quick;
            options.Events.MetadataConfig.HeadersEnabled = true;
            options.Events.MetadataConfig.CausationIdEnabled = true;
            options.Events.MetadataConfig.CorrelationIdEnabled = true;
            options.Events.MetadataConfig.UserNameEnabled = true;
            options.AutoCreateSchemaObjects = AutoCreate.None;
            options.Events.AddEventType<Appended>();
            if (snapshot)
                options.Projections.Add(new AppendedProjection(), ProjectionLifecycle.Inline);
        });
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate);
        return new AppendFloor(database, store);
    }

    public async Task<string?> Append(int caller, CancellationToken ct)
    {
        var id = Guid.NewGuid().ToString("N");
        try
        {
            await using var session = _store.LightweightSession();
            session.LastModifiedBy = "floor";
            session.Events.StartStream(
                $"workspace-{id}",
                new Appended(
                    id,
                    "0198f0a1b2c3d4e5f60718293a4b5c6d",
                    $"caller-{caller}",
                    $"w-{id}",
                    "0198f0a1b2c3d4e5f60718293a4b5c6e",
                    PlacementCalls.Image,
                    PlacementCalls.Cpu,
                    PlacementCalls.Memory,
                    PlacementCalls.Disk,
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    DateTimeOffset.UnixEpoch
                )
            );
            await session.SaveChangesAsync(ct);
            return null;
        }
        catch (Exception e) when (e is NpgsqlException or Marten.Exceptions.MartenException)
        {
            return e.GetType().Name;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _database.DisposeAsync();
    }
}
