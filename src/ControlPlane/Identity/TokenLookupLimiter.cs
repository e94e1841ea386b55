using System.Threading.RateLimiting;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Identity;

/// <param name="Hash">Id of its record.</param>
internal readonly record struct KnownToken(string Hash, string User);

/// <summary>
/// Limits the load of token lookups on the database. Tokens that were valid before are looked up immediately, those of
/// agents at a limited rate. All other tokens share a few permits, and unknown tokens are cached briefly.
/// </summary>
internal sealed class TokenLookupLimiter(TokenLimits limits, StoreHealth health, TimeProvider time) : IDisposable
{
    public const int MaxRemembered = 20_000;

    /// <summary>Short, because the token may exist again after a database was restored.</summary>
    public static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Shown> _good = [];
    private readonly Dictionary<string, long> _unknown = [];
    private readonly ConcurrencyLimiter _places = new(
        new ConcurrencyLimiterOptions
        {
            PermitLimit = limits.ConcurrentLookups,
            QueueLimit = limits.WaitingLookups,
            // While somebody tries tokens faster than they are looked up, the newest are admitted: a valid token waits
            // no longer than usual, and it does not matter which of the others are refused.
            QueueProcessingOrder = QueueProcessingOrder.NewestFirst,
        }
    );

    /// <param name="User">Null for an agent's token.</param>
    private readonly record struct Shown(long Since, int Times, string? User);

    /// <returns>A permit for one lookup, to be disposed of when the database has answered.</returns>
    public async ValueTask<Result<IDisposable>> Enter(string hash, TokenKind kind, CancellationToken ct)
    {
        lock (_lock)
        {
            if (_unknown.TryGetValue(hash, out var since) && time.GetElapsedTime(since) < UnknownFor)
                return TokenErrors.Invalid;
            if (_good.TryGetValue(hash, out var shown))
                return kind != TokenKind.Provider || Count(hash, shown) <= limits.AttachesPerMinute
                    ? Passing.By
                    : TokenErrors.TooOften(limits.AttachesPerMinute);
        }

        return await Place(ct);
    }

    /// <returns>The user of an API token as of its last lookup; null if it is not known to be valid.</returns>
    public KnownToken? Known(string? token)
    {
        if (token is null || Tokens.KindOf(token) != TokenKind.Api)
            return null;
        var hash = Tokens.Hash(token);
        lock (_lock)
            return _good.GetValueOrDefault(hash).User is { } user ? new KnownToken(hash, user) : null;
    }

    /// <summary>Records that the token is valid.</summary>
    public void Found(string hash, TokenRecord record)
    {
        lock (_lock)
        {
            _unknown.Remove(hash);
            if (_good.ContainsKey(hash))
                return;
            // Forgetting them only means that each is looked up under the shared permits once more.
            if (_good.Count >= MaxRemembered)
                _good.Clear();
            _good[hash] = new Shown(time.GetTimestamp(), 1, record.Kind == TokenKind.Api ? record.Subject : null);
        }
    }

    /// <summary>Records that the token does not exist, or no longer.</summary>
    public void NotFound(string hash)
    {
        lock (_lock)
        {
            _good.Remove(hash);
            if (_unknown.Count >= MaxRemembered)
                _unknown.Clear();
            _unknown[hash] = time.GetTimestamp();
        }
    }

    public void Dispose() => _places.Dispose();

    private async ValueTask<Result<IDisposable>> Place(CancellationToken ct)
    {
        var lease = _places.AttemptAcquire();
        try
        {
            if (!lease.IsAcquired)
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, health.Unreachable);
                lease = await _places.AcquireAsync(1, either.Token);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return StoreFailure.Away;
        }

        if (lease.IsAcquired)
            return lease;
        lease.Dispose();
        return health.Unreachable.IsCancellationRequested ? StoreFailure.Away : TokenErrors.Busy;
    }

    private int Count(string hash, Shown shown)
    {
        shown =
            time.GetElapsedTime(shown.Since) < Window
                ? shown with
                {
                    Times = Math.Min(shown.Times, limits.AttachesPerMinute) + 1,
                }
                : new Shown(time.GetTimestamp(), 1, shown.User);
        _good[hash] = shown;
        return shown.Times;
    }

    /// <summary>A permit that takes no capacity.</summary>
    private sealed class Passing : IDisposable
    {
        public static readonly Passing By = new();

        public void Dispose() { }
    }
}
