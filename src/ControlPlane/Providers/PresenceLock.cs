using Coder.Mesh.ControlPlane.Storage;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Providers;

internal static class PresenceLock
{
    /// <summary>Reads a presence and keeps it as it is until the transaction ends: an attach waits, or has already won.</summary>
    public static async Task<ProviderPresence> Hold(WriteSession session, string providerId, CancellationToken ct)
    {
        var key = StreamKeys.Presence(providerId);
        await using var command = new NpgsqlCommand(
            "select 1 from mesh.mt_doc_providerpresence where id = $1 for share",
            session.Connection
        );
        command.Parameters.AddWithValue(key);
        await command.ExecuteScalarAsync(ct);
        return await session.Documents.LoadAsync<ProviderPresence>(key, ct)
            ?? throw new InvalidOperationException($"Provider {providerId} has no presence.");
    }
}
