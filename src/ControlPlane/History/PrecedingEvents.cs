using Coder.Mesh.ControlPlane.Storage;
using JasperFx.Events;
using Npgsql;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>Finds the state before a page of events: the last event of each given kind before it.</summary>
internal static class PrecedingEvents
{
    /// <param name="kinds">
    /// Sets of event types that replace one another; the last event of each set is returned.
    /// </param>
    /// <returns>In order of version.</returns>
    public static async Task<IReadOnlyList<IEvent>> Find(
        StoreSessions sessions,
        NpgsqlDataSource database,
        string stream,
        long before,
        IReadOnlyList<Type[]> kinds,
        CancellationToken ct
    )
    {
        if (before <= 1)
            return [];
        var versions = new SortedSet<long>();
        await using (var batch = database.CreateBatch())
        {
            foreach (var kind in kinds)
                batch.BatchCommands.Add(Last(stream, before, kind));
            await using var rows = await batch.ExecuteReaderAsync(ct);
            do
            {
                while (await rows.ReadAsync(ct))
                    versions.Add(rows.GetInt64(0));
            } while (await rows.NextResultAsync(ct));
        }

        await using var session = sessions.Read();
        var found = new List<IEvent>();
        foreach (var version in versions)
            found.AddRange(await session.Events.FetchStreamAsync(stream, version, fromVersion: version, token: ct));
        return found;
    }

    private static NpgsqlBatchCommand Last(string stream, long before, Type[] kind) =>
        new(
            $"""
            select version from {Tables.Events} where stream_id = $1 and version < $2 and type = any($3)
            order by version desc limit 1
            """
        )
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = stream },
                new NpgsqlParameter<long> { TypedValue = before },
                new NpgsqlParameter<string[]> { TypedValue = [.. kind.Select(t => EventNames.All[t])] },
            },
        };
}
