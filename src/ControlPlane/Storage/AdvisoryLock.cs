using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// An advisory lock of PostgreSQL, held until the end of the transaction. Protects rules that span streams: shared
/// while a rule is relied on, exclusive while the state behind it changes.
/// </summary>
internal sealed record AdvisoryLock(AdvisoryLock.Rank Of, string Id, bool Exclusive)
{
    /// <summary>
    /// Order in which locks are taken; within a rank, they are taken in order of id. This prevents deadlocks.
    /// </summary>
    internal enum Rank
    {
        Organization,
        Provider,
    }

    public static AdvisoryLock Organization(string organizationId, bool exclusive) =>
        new(Rank.Organization, organizationId, exclusive);

    public static AdvisoryLock Provider(string providerId, bool exclusive) => new(Rank.Provider, providerId, exclusive);

    public static IEnumerable<AdvisoryLock> InOrder(IEnumerable<AdvisoryLock> locks) =>
        locks.OrderBy(l => l.Of).ThenBy(l => l.Id, StringComparer.Ordinal);

    public NpgsqlBatchCommand Command()
    {
        var function = Exclusive ? "pg_advisory_xact_lock" : "pg_advisory_xact_lock_shared";
        var key = Of == Rank.Organization ? StreamKeys.Organization(Id) : StreamKeys.Provider(Id);
        return new NpgsqlBatchCommand($"select {function}(hashtextextended($1, 0))")
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = key } },
        };
    }
}
