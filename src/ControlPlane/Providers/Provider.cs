using System.Collections.Immutable;

namespace Coder.Mesh.ControlPlane.Providers;

public sealed record ProviderToken(string TokenId, string Hash, DateTimeOffset IssuedAt);

/// <summary>The reason, the user and the time of a cordon, under which a provider accepts no new workspaces.</summary>
public sealed record Cordon(string Reason, string User, DateTimeOffset At);

/// <summary>
/// State of a provider by the commands of admins. The state of its agent is <see cref="ProviderPresence"/>.
/// </summary>
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
    /// <summary>Version of the stream that this state was folded from. Set by Marten.</summary>
    public int Version { get; set; }

    public Cordon? Cordon { get; init; }

    /// <summary>When the provider was deleted or forgotten.</summary>
    public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>
    /// Whether a name or id that was looked up before the locks were taken still refers to this provider.
    /// </summary>
    public bool Matches(string reference) => !Deleted && (reference == ProviderId || reference == Name);

    public static Provider? Fold(Provider? state, string key, ProviderEvent change) =>
        (state, change) switch
        {
            (null, ProviderRegistered e) => new Provider(key, e.ProviderId, e.Name, e.Kind, e.Details, e.At, []),
            (null, _) => null,
            (_, ProviderRenamed e) => state with { Name = e.Name },
            (_, ProviderDetailsChanged e) => state with { Details = e.Details },
            (_, ProviderCordoned e) => state with { Cordon = new Cordon(e.Reason, e.User, e.At) },
            (_, ProviderUncordoned) => state with { Cordon = null },
            (_, ProviderTokenIssued e) => state with
            {
                Tokens = state.Tokens.Add(new ProviderToken(e.TokenId, e.Hash, e.At)),
            },
            (_, ProviderTokenRevoked e) => state with { Tokens = state.Tokens.RemoveAll(t => t.TokenId == e.TokenId) },
            (_, ProviderDeleted e) => state.End(e.At),
            (_, ProviderForgotten e) => state.End(e.At),
            _ => state,
        };

    private Provider End(DateTimeOffset at) => this with { Deleted = true, DeletedAt = at, Tokens = [] };
}
