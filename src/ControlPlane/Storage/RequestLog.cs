using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.Protocol;
using Google.Protobuf;
using Marten;
using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Request ids of the last <see cref="Retention.RequestIds"/>, which make retries safe.</summary>
internal static class RequestLog
{
    public const string Table = "mesh.mesh_request";

    public const string Schema = $"""
        create table if not exists {Table} (
            caller text not null,
            method text not null,
            request_id text not null,
            hash bytea not null,
            subject text not null,
            response bytea,
            at timestamptz not null default now(),
            primary key (caller, method, request_id)
        );
        create index if not exists ix_request_at on {Table} (at);
        """;

    public const string KeyColumns = "caller, method, request_id";

    /// <summary>The unique index that a concurrent repetition violates.</summary>
    public const string Key = "mesh_request_pkey";

    // An empty response means that the first call changed nothing.
    private static readonly byte[] Nothing = [];

    /// <returns>The result of the first call; null if this is the first.</returns>
    public static async Task<Result<WriteResult?>> Find(
        NpgsqlDataSource database,
        WriteContext context,
        CancellationToken ct
    )
    {
        await using var command = database.CreateCommand(
            $"""
            select hash, subject, response from {Table}
            where caller = $1 and method = $2 and request_id = $3 and at > now() - interval '{Retention.RequestIds}'
            """
        );
        command.Parameters.AddWithValue(context.Actor);
        command.Parameters.AddWithValue(context.Method);
        command.Parameters.AddWithValue(context.RequestId);
        await using var rows = await command.ExecuteReaderAsync(ct);
        if (!await rows.ReadAsync(ct))
            return (WriteResult?)null;
        if (!RequestHash.IsOf(rows.GetFieldValue<byte[]>(0), context.Request!))
            return new Error(
                ErrorKind.InvalidArgument,
                ErrorReasons.RequestIdReused,
                $"request_id: \"{context.RequestId}\" was used within {Retention.RequestIds} for another request; take a new id for each."
            )
            {
                Fields = [new FieldViolation("request_id", "must not be that of another request")],
            };
        var response = await rows.IsDBNullAsync(2, ct) ? null : rows.GetFieldValue<byte[]>(2);
        return new WriteResult(rows.GetString(1), Repeated: true, response) { Unchanged = response is [] };
    }

    /// <summary>Adds the request in the session's transaction.</summary>
    public static void Add(IDocumentSession session, WriteContext context, Outcome.Done done)
    {
        // Replaces an expired row that is not trimmed yet.
        session.QueueSqlCommand(
            $"""
            delete from {Table}
            where caller = ? and method = ? and request_id = ? and at <= now() - interval '{Retention.RequestIds}'
            """,
            context.Actor,
            context.Method,
            context.RequestId
        );
        session.QueueSqlCommand(
            $"insert into {Table} (caller, method, request_id, hash, subject, response) values (?, ?, ?, ?, ?, ?)",
            context.Actor,
            context.Method,
            context.RequestId,
            RequestHash.Of(context.Request!),
            done.Subject,
            (object?)done.Response?.ToByteArray() ?? (done.Unchanged ? Nothing : DBNull.Value)
        );
    }
}
