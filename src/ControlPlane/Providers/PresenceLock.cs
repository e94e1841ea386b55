using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

internal static class PresenceLock
{
    /// <summary>
    /// Reads a presence and locks it until the end of the transaction: an attach waits, or has completed before.
    /// </summary>
    public static async Task<ProviderPresence> Hold(WriteSession session, string providerId, CancellationToken ct)
    {
        var key = StreamKeys.Presence(providerId);
        await using var command = new NpgsqlCommand(
            $"select 1 from {Tables.Presences} where id = $1 for share",
            session.Connection
        );
        command.Parameters.AddWithValue(key);
        await command.ExecuteScalarAsync(ct);
        return await session.Documents.LoadAsync<ProviderPresence>(key, ct)
            ?? throw new InvalidOperationException($"Provider {providerId} has no presence.");
    }
}
