using Marten;
using Npgsql;
using SessionOptions = Marten.Services.SessionOptions;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// Opens sessions whose events carry their author. Marten adds the trace id of the current span. The <see
/// cref="ICommitObserver"/> is called after each commit.
/// </summary>
internal sealed class StoreSessions(IDocumentStore store, ICommitObserver observer)
{
    private readonly ReportCommit _reportCommit = new(observer);

    public IQuerySession Read() => store.QuerySession();

    public IDocumentSession Write(string actor) =>
        For(store.LightweightSession(new SessionOptions { Listeners = { _reportCommit } }), actor);

    /// <summary>Opens a session in a transaction that the caller ends with <see cref="Commit"/>.</summary>
    public IDocumentSession Write(string actor, NpgsqlTransaction transaction) =>
        For(store.LightweightSession(SessionOptions.ForTransaction(transaction)), actor);

    public async Task Commit(NpgsqlTransaction transaction, CancellationToken ct)
    {
        await transaction.CommitAsync(ct);
        observer.Committed();
    }

    private static IDocumentSession For(IDocumentSession session, string actor)
    {
        session.LastModifiedBy = actor;
        return session;
    }

    private sealed class ReportCommit(ICommitObserver observer) : DocumentSessionListenerBase
    {
        public override Task AfterCommitAsync(
            IDocumentSession session,
            Marten.Services.IChangeSet commit,
            CancellationToken token
        )
        {
            observer.Committed();
            return Task.CompletedTask;
        }
    }
}
