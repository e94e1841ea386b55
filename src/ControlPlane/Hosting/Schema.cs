using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using JasperFx;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>
/// Updates the database schema to this version. It only adds, because the previous version may still be running.
/// </summary>
internal sealed class Schema(IDocumentStore store, NpgsqlDataSource database)
{
    // Without statistics of the properties inside documents, the planner takes every value for rare.
    private const string Statistics = $"""
        create statistics if not exists mesh.st_workspace_provider on (data ->> 'ProviderId') from {Tables.Workspaces};
        create statistics if not exists mesh.st_workspace_organization
            on (data ->> 'OrganizationId') from {Tables.Workspaces};
        create statistics if not exists mesh.st_workspace_owner on (data ->> 'Owner') from {Tables.Workspaces};
        create statistics if not exists mesh.st_workspace_state on (data ->> 'State') from {Tables.Workspaces};
        create statistics if not exists mesh.st_workspace_finished
            on (((data ->> 'Finished')::boolean)) from {Tables.Workspaces};
        create statistics if not exists mesh.st_provider_name on (data ->> 'Name') from {Tables.Providers};
        create statistics if not exists mesh.st_provider_deleted
            on (((data ->> 'Deleted')::boolean)) from {Tables.Providers};
        """;

    // Version 0.1 stored no deletion time in the document, which does not change after the deletion.
    private const string DeletionTimes = $$"""
        update {{Tables.Providers}} set data = jsonb_set(data, '{DeletedAt}', to_jsonb(mt_last_modified))
            where (data ->> 'Deleted')::boolean and (data ->> 'DeletedAt') is null;
        """;

    private static readonly string[] Parts =
    [
        ChangeFeed.Schema,
        ReplicaLease.Schema,
        RequestLog.Schema,
        AccessLogWriter.Schema,
        Statistics,
        DeletionTimes,
        FailedSessions.Schema,
        OrphanTable.Schema,
        ProviderMentions.Schema,
        ChangeFeed.Clean,
    ];

    /// <summary>Applies the schema. Waits while another replica applies it.</summary>
    /// <exception cref="DatabaseTooOldException">Nothing was changed.</exception>
    public async Task Apply(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (connection.PostgreSqlVersion.Major < DatabaseTooOldException.Oldest)
            throw new DatabaseTooOldException(connection.PostgreSqlVersion);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await Execute(connection, "select pg_advisory_xact_lock(hashtextextended('mesh.schema', 0))", ct);
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate);
        // Each in its own transaction, to avoid a deadlock with a writer of another replica.
        foreach (var part in Parts)
        {
            await using var command = database.CreateCommand(part);
            await command.ExecuteNonQueryAsync(ct);
        }

        await transaction.CommitAsync(ct);
    }

    private static async Task Execute(NpgsqlConnection connection, string sql, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(ct);
    }
}
