using Coder.Mesh.ControlPlane.Watches;
using Marten;
using Npgsql;
using SessionOptions = Marten.Services.SessionOptions;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Opens sessions whose events say who wrote them; the trace id is added by Marten from the current span. What they
/// commit rings the other replicas.
/// </summary>
internal sealed class StoreSessions(IDocumentStore store, FeedBell bell)
{
    private readonly RingAfterCommit _ring = new(bell);

    public IQuerySession Read() => store.QuerySession();

    public IDocumentSession Write(string actor) =>
        For(store.LightweightSession(new SessionOptions { Listeners = { _ring } }), actor);

    /// <summary>Writes into a transaction that the caller ends with <see cref="Commit"/>.</summary>
    public IDocumentSession Write(string actor, NpgsqlTransaction transaction) =>
        For(store.LightweightSession(SessionOptions.ForTransaction(transaction)), actor);

    public async Task Commit(NpgsqlTransaction transaction, CancellationToken ct)
    {
        await transaction.CommitAsync(ct);
        bell.Committed();
    }

    private static IDocumentSession For(IDocumentSession session, string actor)
    {
        session.LastModifiedBy = actor;
        return session;
    }

    private sealed class RingAfterCommit(FeedBell bell) : DocumentSessionListenerBase
    {
        public override Task AfterCommitAsync(
            IDocumentSession session,
            Marten.Services.IChangeSet commit,
            CancellationToken token
        )
        {
            bell.Committed();
            return Task.CompletedTask;
        }
    }
}
