using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.ControlPlane.Watches;
using JasperFx;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>Makes the database's schema what this version needs. Adds only: the version before still runs beside it.</summary>
internal sealed class Schema(IDocumentStore store, NpgsqlDataSource database)
{
    // The statistics tell the planner what stands inside of documents: without them it takes every value for rare.
    private const string Own = """
        create table if not exists mesh.mesh_feed (
            xid xid8 not null default pg_current_xact_id(),
            id bigint generated always as identity,
            stream text not null,
            version_before bigint not null,
            version_after bigint not null,
            at timestamptz not null default now(),
            primary key (xid, id)
        );
        create index if not exists ix_feed_at on mesh.mesh_feed (at);
        alter table mesh.mesh_feed add column if not exists replica text;
        create index if not exists ix_feed_stream on mesh.mesh_feed (stream, xid, id) where stream not like 'workspace-%';
        create table if not exists mesh.mesh_feed_trimmed (
            one boolean primary key default true check (one),
            xid xid8 not null,
            id bigint not null
        );
        create table if not exists mesh.mesh_replica (
            id text primary key,
            started_at timestamptz not null default now(),
            renewed_at timestamptz not null default now()
        );
        create table if not exists mesh.mesh_request (
            caller text not null,
            method text not null,
            request_id text not null,
            hash bytea not null,
            subject text not null,
            response bytea,
            at timestamptz not null default now(),
            primary key (caller, method, request_id)
        );
        create index if not exists ix_request_at on mesh.mesh_request (at);
        create table if not exists mesh.mesh_access_log (
            minute timestamptz not null,
            subject text not null,
            action text not null,
            reason text not null,
            count bigint not null,
            first_at timestamptz not null,
            last_at timestamptz not null,
            message text not null,
            peer text not null,
            primary key (minute, subject, action, reason)
        );
        create statistics if not exists mesh.st_workspace_provider on (data ->> 'ProviderId') from mesh.mt_doc_workspace;
        create statistics if not exists mesh.st_workspace_organization on (data ->> 'OrganizationId') from mesh.mt_doc_workspace;
        create statistics if not exists mesh.st_workspace_owner on (data ->> 'Owner') from mesh.mt_doc_workspace;
        create statistics if not exists mesh.st_workspace_state on (data ->> 'State') from mesh.mt_doc_workspace;
        create statistics if not exists mesh.st_workspace_finished on (((data ->> 'Finished')::boolean)) from mesh.mt_doc_workspace;
        create statistics if not exists mesh.st_provider_name on (data ->> 'Name') from mesh.mt_doc_provider;
        create statistics if not exists mesh.st_provider_deleted on (((data ->> 'Deleted')::boolean)) from mesh.mt_doc_provider;
        -- 0.1 kept no time of it in the document, which nothing changes after the deletion.
        update mesh.mt_doc_provider set data = jsonb_set(data, '{DeletedAt}', to_jsonb(mt_last_modified))
            where (data ->> 'Deleted')::boolean and (data ->> 'DeletedAt') is null;
        """;

    /// <summary>Waits while another replica does the same.</summary>
    /// <exception cref="DatabaseTooOldException">Nothing was changed.</exception>
    public async Task Apply(CancellationToken ct)
    {
        await using var connection = await database.OpenConnectionAsync(ct);
        if (connection.PostgreSqlVersion.Major < DatabaseTooOldException.Oldest)
            throw new DatabaseTooOldException(connection.PostgreSqlVersion);
        await using var transaction = await connection.BeginTransactionAsync(ct);
        await Execute(connection, "select pg_advisory_xact_lock(hashtextextended('mesh.schema', 0))", ct);
        await store.Storage.ApplyAllConfiguredChangesToDatabaseAsync(AutoCreate.CreateOrUpdate);
        // Each in a transaction of its own: a writer of another replica holds what one needs and waits for what another has.
        foreach (
            var part in (string[])
                [Own, FailedSessions.Schema, OrphanTable.Schema, ProviderMentions.Schema, ChangeFeed.Clean]
        )
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
