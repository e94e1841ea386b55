using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>Use of a provider's tokens by agents.</summary>
/// <param name="Used">Ids of the tokens that agents have attached with, latest last.</param>
/// <param name="Live">Ids of the tokens of open sessions.</param>
internal sealed record TokenUse(IReadOnlyList<string> Used, IReadOnlyCollection<string> Live)
{
    public static TokenUse Of(ProviderPresence presence) =>
        new(presence.UsedTokens, presence is { Attached: true, UsedTokens: [.., var last] } ? [last] : []);
}

/// <summary>Decides which tokens are revoked for a new one. Pure function.</summary>
internal static class TokenRotation
{
    /// <summary>Maximum number of valid tokens of one provider: two, so that a rotation has no gap.</summary>
    public const int MaxTokens = 2;

    public static Decision<ProviderEvent> Decide(Provider state, IssueProviderToken c)
    {
        var replaced = state.Tokens.Where(t => t.TokenId == c.Replacing).ToList();
        if (c.Replacing is not null && NotReplaceable(state, c.Replacing, replaced.Count > 0, c.Use) is { } error)
            return error;

        var kept = state.Tokens.Except(replaced).ToList();
        var surplus = Math.Max(0, kept.Count - MaxTokens + 1);
        var dropped = kept.Where(t => !c.Use.Live.Contains(t.TokenId))
            .OrderBy(t => LastUse(t, c.Use))
            .ThenBy(t => t.IssuedAt)
            .Take(surplus)
            .ToList();
        if (dropped.Count < surplus)
            return Error.Precondition(
                ErrorReasons.ProviderTokenInUse,
                $"\"{state.Name}\" has {MaxTokens} tokens, and agents are attached with each of them. End one first: "
                    + $"\"mesh providers revoke-token {state.Name} TOKEN_ID\"; \"mesh providers show {state.Name}\" lists them."
            );
        return new Decision<ProviderEvent>([
            .. replaced.Concat(dropped).Select(t => new ProviderTokenRevoked(t.TokenId)),
            new ProviderTokenIssued(c.TokenId, c.Hash, c.At),
        ]);
    }

    // -1 for a token that was never used: these are revoked first, and the token that was used last comes last.
    private static int LastUse(ProviderToken token, TokenUse use) => use.Used.ToList().LastIndexOf(token.TokenId);

    private static Error? NotReplaceable(Provider state, string tokenId, bool exists, TokenUse use) =>
        !exists ? NotFound(state, tokenId)
        : use.Used.Contains(tokenId)
            ? Error.Precondition(
                ErrorReasons.ProviderTokenInUse,
                $"An agent has attached to \"{state.Name}\" with token {tokenId}; no other token can take its place."
            )
        : null;

    public static Error NotFound(Provider state, string tokenId) =>
        Error.NotFound(
            ErrorReasons.ProviderTokenNotFound,
            $"\"{state.Name}\" has no live token {tokenId}; \"mesh providers show {state.Name}\" lists them."
        );
}
