using Coder.Mesh.ControlPlane.Replicas;
using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>
/// Writes one feed row per changed stream into the transaction of every save. The feed is read in the order of
/// (transaction id, row id) below the oldest running transaction, so that a late commit is never skipped.
/// </summary>
internal sealed class ChangeFeed(Replica replica) : DocumentSessionListenerBase
{
    public const string Table = "mesh.mesh_feed";

    /// <summary>Has one row: the last position that was trimmed.</summary>
    public const string TrimmedTable = "mesh.mesh_feed_trimmed";

    public const string Schema = $"""
        create table if not exists {Table} (
            xid xid8 not null default pg_current_xact_id(),
            id bigint generated always as identity,
            stream text not null,
            version_before bigint not null,
            version_after bigint not null,
            at timestamptz not null default now(),
            primary key (xid, id)
        );
        create index if not exists ix_feed_at on {Table} (at);
        alter table {Table} add column if not exists replica text;
        create index if not exists ix_feed_stream on {Table} (stream, xid, id)
            where stream not like '{StreamKeys.WorkspacePrefix}%';
        create table if not exists {TrimmedTable} (
            one boolean primary key default true check (one),
            xid xid8 not null,
            id bigint not null
        );
        """;

    /// <summary>Stores the last trimmed position, from the rows of a query that is named <c>gone</c>.</summary>
    public const string MarkGone = $"""
        insert into {TrimmedTable} as mark (xid, id)
        select xid, id from gone order by xid desc, id desc limit 1
        on conflict (one) do update set xid = excluded.xid, id = excluded.id
        where (excluded.xid, excluded.id) > (mark.xid, mark.id)
        """;

    /// <summary>
    /// Removes the rows that a restored dump brought from a server with higher transaction ids, since they would sort
    /// after all future rows. The other rows are removed with them, because without them the feed is incomplete.
    /// </summary>
    public const string Clean = $"""
        delete from {TrimmedTable} where xid >= pg_snapshot_xmax(pg_current_snapshot());
        with deleted as (
            delete from {Table}
            where exists (select 1 from {Table} where xid >= pg_snapshot_xmax(pg_current_snapshot())) returning xid, id),
        gone as (select xid, id from deleted where xid < pg_snapshot_xmax(pg_current_snapshot()))
        {MarkGone};
        """;

    public override Task BeforeSaveChangesAsync(IDocumentSession session, CancellationToken token)
    {
        foreach (var stream in session.PendingChanges.Streams())
        {
            if (stream.Events.Count == 0)
                continue;
            var before = stream.ExpectedVersionOnServer ?? 0;
            session.QueueSqlCommand(
                $"insert into {Table} (stream, version_before, version_after, replica) values (?, ?, ?, ?)",
                stream.Key!,
                before,
                before + stream.Events.Count,
                replica.Id
            );
        }

        return Task.CompletedTask;
    }
}
