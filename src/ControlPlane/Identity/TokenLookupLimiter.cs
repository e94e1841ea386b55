using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Identity;

/// <param name="Hash">Id of its record.</param>
internal readonly record struct KnownToken(string Hash, string User);

/// <summary>
/// Remembers the tokens of recent lookups. Tokens that were valid before are looked up apart from the others, those of
/// agents at a limited rate; unknown tokens are refused without a lookup for a while.
/// </summary>
internal sealed class TokenLookupLimiter(TokenLimits limits, TimeProvider time)
{
    public const int MaxRemembered = 20_000;

    /// <summary>Short, because the token may exist again after a database was restored.</summary>
    public static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Shown> _good = [];
    private readonly Dictionary<string, long> _unknown = [];

    /// <param name="User">Null for an agent's token.</param>
    private readonly record struct Shown(long Since, int Times, string? User);

    /// <returns>Whether the token was valid at its last lookup; or an error if it is not to be looked up.</returns>
    public Result<bool> Enter(string hash, TokenKind kind)
    {
        lock (_lock)
        {
            if (_unknown.TryGetValue(hash, out var since) && time.GetElapsedTime(since) < UnknownFor)
                return TokenErrors.Invalid;
            if (!_good.TryGetValue(hash, out var shown))
                return false;
            return kind != TokenKind.Provider || Count(hash, shown) <= limits.AttachesPerMinute
                ? true
                : TokenErrors.TooOften(limits.AttachesPerMinute);
        }
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
    /// <param name="wasValid">What <see cref="Enter"/> returned. Uses of a token that was not known are counted
    /// here.</param>
    public void Found(string hash, TokenRecord record, bool wasValid)
    {
        lock (_lock)
        {
            _unknown.Remove(hash);
            if (_good.TryGetValue(hash, out var shown))
            {
                if (!wasValid)
                    Count(hash, shown);
                return;
            }

            // Forgetting them only means that each is looked up among the unknown ones once more.
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
}
