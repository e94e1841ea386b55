using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>
/// Looks tokens up in the database, many in one query. Tokens that were valid before do not wait behind
/// guessed ones.
/// </summary>
internal sealed class TokenLookups
{
    /// <summary>Well below the time that agents and callers wait.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(3);

    private readonly StoreSessions _sessions;
    private readonly Batcher<string, TokenRecord?> _known;
    private readonly Batcher<string, TokenRecord?> _unknown;

    public TokenLookups(StoreSessions sessions, TokenLimits limits, StoreHealth health, TimeProvider time)
    {
        _sessions = sessions;
        Batcher<string, TokenRecord?> Lookups(int workers) =>
            new(
                new BatchLimits(limits.ConcurrentLookups, workers, limits.WaitingLookups, MaxWait),
                Load,
                TokenErrors.Busy,
                health,
                time
            );
        (_known, _unknown) = (Lookups(workers: 4), Lookups(workers: 1));
    }

    /// <param name="wasValid">Whether the token was valid at its last lookup.</param>
    /// <returns>Null if there is no such token.</returns>
    public Task<Result<TokenRecord?>> Find(string hash, bool wasValid, CancellationToken ct) =>
        (wasValid ? _known : _unknown).Run(hash, ct);

    private async Task<IReadOnlyList<TokenRecord?>> Load(IReadOnlyList<string> hashes, CancellationToken ct)
    {
        await using var session = _sessions.Read();
        var found = (await session.LoadManyAsync<TokenRecord>(ct, hashes.Distinct())).ToDictionary(t => t.Id);
        return [.. hashes.Select(found.GetValueOrDefault)];
    }
}
