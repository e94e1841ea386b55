using Npgsql;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>
/// An advisory lock of PostgreSQL, held until the transaction ends. Rules that span streams hold by these: shared while a
/// rule is relied on, exclusive while what it relies on changes.
/// </summary>
internal sealed record AdvisoryLock(AdvisoryLock.Rank Of, string Id, bool Exclusive)
{
    /// <summary>Locks are taken in this order, and within a rank in order of id: so nobody waits in a circle.</summary>
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
