using System.Threading.RateLimiting;
using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Identity;

/// <param name="Hash">Id of its record.</param>
internal readonly record struct KnownToken(string Hash, string User);

/// <summary>
/// Bounds what tokens make the store do. Those that were good before are looked up at once, an agent's so often a minute;
/// all others share a few places, and those that the store doesn't know are remembered for a moment.
/// </summary>
internal sealed class TokenLookupLimiter(TokenLimits limits, TimeProvider time) : IDisposable
{
    public const int MaxRemembered = 20_000;

    /// <summary>Short, for a restored database may know a token again.</summary>
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
            // While somebody tries tokens faster than they are looked up, those that came last are let in: a good one has to
            // be as quick as ever, and of the others it doesn't matter which are refused.
            QueueProcessingOrder = QueueProcessingOrder.NewestFirst,
        }
    );

    /// <param name="User">Null for an agent's.</param>
    private readonly record struct Shown(long Since, int Times, string? User);

    /// <returns>The leave to look a token up, to be disposed of when the store has answered.</returns>
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

        var lease = await _places.AcquireAsync(1, ct);
        if (lease.IsAcquired)
            return lease;
        lease.Dispose();
        return TokenErrors.Busy;
    }

    /// <returns>Whose an API token was when it was last looked up; null if it isn't known to be good.</returns>
    public KnownToken? Known(string? token)
    {
        if (token is null || Tokens.KindOf(token) != TokenKind.Api)
            return null;
        var hash = Tokens.Hash(token);
        lock (_lock)
            return _good.GetValueOrDefault(hash).User is { } user ? new KnownToken(hash, user) : null;
    }

    /// <summary>The store knows the token.</summary>
    public void Found(string hash, TokenRecord record)
    {
        lock (_lock)
        {
            _unknown.Remove(hash);
            if (_good.ContainsKey(hash))
                return;
            // As if never seen: each is looked up in its turn again, and counts from there.
            if (_good.Count >= MaxRemembered)
                _good.Clear();
            _good[hash] = new Shown(time.GetTimestamp(), 1, record.Kind == TokenKind.Api ? record.Subject : null);
        }
    }

    /// <summary>The store doesn't know the token, or no longer.</summary>
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

    /// <summary>Takes no place.</summary>
    private sealed class Passing : IDisposable
    {
        public static readonly Passing By = new();

        public void Dispose() { }
    }
}
