using System.Globalization;
using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>The unfinished workspaces of a provider whose home volume was created anew.</summary>
/// <param name="Names">Of the latest ones.</param>
/// <param name="Last">When it happened last; null if it never did.</param>
internal sealed record EmptyVolumes(int Count, IReadOnlyList<string> Names, DateTimeOffset? Last)
{
    private const int MostNames = 5;

    public static readonly EmptyVolumes None = new(0, [], null);

    /// <param name="since">Earlier ones don't count.</param>
    public static async Task<EmptyVolumes> Of(
        NpgsqlDataSource database,
        string providerId,
        DateTimeOffset since,
        CancellationToken ct
    )
    {
        const string At = "(data ->> 'VolumeCreatedAnewAt')";
        await using var command = database.CreateCommand(
            $"""
            select data ->> 'Name', {At}, count(*) over ()::int from mesh.mt_doc_workspace
            where {MartenRegistration.Unfinished} and data ->> 'ProviderId' = $1 and {At}::timestamptz >= $2
            order by {At}::timestamptz desc, 1 limit {MostNames}
            """
        );
        command.Parameters.AddWithValue(providerId);
        command.Parameters.AddWithValue(since);
        var found = None;
        await using var rows = await command.ExecuteReaderAsync(ct);
        while (await rows.ReadAsync(ct))
            found = new EmptyVolumes(
                rows.GetInt32(2),
                [.. found.Names, rows.GetString(0)],
                // As it is stored: the database's own times are less precise.
                found.Last
                    ?? DateTimeOffset.Parse(rows.GetString(1), CultureInfo.InvariantCulture)
            );
        return found;
    }
}
