using Marten;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Opens sessions whose events say who wrote them; the trace id is added by Marten from the current span.</summary>
internal sealed class StoreSessions(IDocumentStore store)
{
    public IQuerySession Read() => store.QuerySession();

    public IDocumentSession Write(string actor) => For(store.LightweightSession(), actor);

    /// <summary>Writes into a transaction that the caller commits.</summary>
    public IDocumentSession Write(string actor, Npgsql.NpgsqlTransaction transaction) =>
        For(store.LightweightSession(Marten.Services.SessionOptions.ForTransaction(transaction)), actor);

    private static IDocumentSession For(IDocumentSession session, string actor)
    {
        session.LastModifiedBy = actor;
        return session;
    }
}
