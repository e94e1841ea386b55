using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Workspaces;
using JasperFx.Events;
using Npgsql;
using NpgsqlTypes;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>State of a stream at one of its versions.</summary>
/// <param name="State">Null before the first event.</param>
internal readonly record struct StreamState(long Version, object? State)
{
    public static readonly StreamState None = new(0, null);

    /// <summary>Folds events up to a later version.</summary>
    /// <param name="events">In order, with all events between the two versions; others are ignored.</param>
    public StreamState Folded(string key, IReadOnlyList<IEvent> events, long version)
    {
        if (version <= Version)
            return this;
        var from = Version;
        var state = events
            .Where(e => e.Version > from && e.Version <= version)
            .Aggregate(State, (state, e) => Fold(state, key, e.Data));
        return new StreamState(version, Marked(state, (int)version));
    }

    private static object? Fold(object? state, string key, object change) =>
        change switch
        {
            WorkspaceEvent e => Workspace.Fold((Workspace?)state, key, e),
            ProviderEvent e => Provider.Fold((Provider?)state, key, e),
            PresenceEvent e => ProviderPresence.Fold((ProviderPresence?)state, key, e),
            OrganizationEvent e => Organization.Fold((Organization?)state, key, e),
            DeploymentEvent e => MeshDeployment.Fold((MeshDeployment?)state, key, e),
            _ => state,
        };

    // A copy, because a fold that changes nothing returns the same instance.
    private static object? Marked(object? state, int version) =>
        state switch
        {
            Workspace w => w with { Version = version },
            Provider p => p with { Version = version },
            ProviderPresence p => p with { Version = version },
            Organization o => o with { Version = version },
            MeshDeployment d => d with { Version = version },
            _ => null,
        };
}

/// <summary>Reads past versions of streams.</summary>
internal sealed class StreamHistory(StoreSessions sessions, NpgsqlDataSource database)
{
    /// <summary>Reads the events of several streams, each in a range of versions, in one round trip.</summary>
    public async Task<IReadOnlyList<IReadOnlyList<IEvent>>> Events(
        IEnumerable<(string Stream, long After, long UpTo)> ranges,
        CancellationToken ct
    )
    {
        await using var session = sessions.Read();
        var batch = session.CreateBatchQuery();
        var reads = ranges
            .Select(r => batch.Events.FetchStream(r.Stream, version: r.UpTo, fromVersion: r.After + 1))
            .ToList();
        if (reads.Count > 0)
            await batch.Execute(ct);
        return await Task.WhenAll(reads);
    }

    /// <summary>Reads the versions that streams had at a feed position.</summary>
    public async Task<IReadOnlyDictionary<string, long>> Versions(
        IReadOnlyCollection<string> streams,
        FeedPosition at,
        CancellationToken ct
    )
    {
        var versions = new Dictionary<string, long>();
        if (streams.Count == 0)
            return versions;
        // The version before the next feed row, or the present version if there is no later row.
        await using var command = database.CreateCommand(
            $"""
            select key, coalesce(
                (select version_before from {ChangeFeed.Table} where stream = key and stream not like '{StreamKeys.WorkspacePrefix}%'
                    and (xid, id) > (@transaction, @row) order by xid, id limit 1),
                (select version from {Tables.Streams} where id = key), 0)
            from unnest(@streams) as key
            """
        );
        command.Parameters.Add(new("transaction", NpgsqlDbType.Xid8) { Value = at.TransactionId });
        command.Parameters.Add(new("row", NpgsqlDbType.Bigint) { Value = at.RowId });
        command.Parameters.AddWithValue("streams", streams.ToArray());
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            versions[rows.GetString(0)] = rows.GetInt64(1);
        return versions;
    }
}
