using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

public sealed record ProviderToken(string TokenId, string Hash, DateTimeOffset IssuedAt);

/// <summary>What is known of one provider by what admins did to it; its agent's side is its Presence.</summary>
public sealed record Provider(
    string Id,
    string ProviderId,
    string Name,
    ProviderKind Kind,
    ProviderDetails Details,
    DateTimeOffset CreatedAt,
    ImmutableArray<ProviderToken> Tokens,
    bool Deleted = false
)
{
    /// <summary>Filled by the store: the version of the stream that this was folded from.</summary>
    public int Version { get; set; }

    public static Provider? Fold(Provider? state, string key, ProviderEvent change) =>
        (state, change) switch
        {
            (null, ProviderRegistered e) => new Provider(key, e.ProviderId, e.Name, e.Kind, e.Details, e.At, []),
            (null, _) => null,
            (_, ProviderTokenIssued e) => state with
            {
                Tokens = state.Tokens.Add(new ProviderToken(e.TokenId, e.Hash, e.At)),
            },
            (_, ProviderTokenRevoked e) => state with { Tokens = state.Tokens.RemoveAll(t => t.TokenId == e.TokenId) },
            (_, ProviderDeleted) => state with { Deleted = true, Tokens = [] },
            _ => state,
        };
}
