using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

/// <summary>Which token makes room for another, for each use that two tokens can have.</summary>
public sealed class TokenRotationTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Provider Remote = Provider.Fold(
        null,
        "provider-p",
        new ProviderRegistered("p", "west", ProviderKind.Remote, new ProviderDetails(), At)
    )!;

    /// <summary>The tokens are "old" and "new", in order of their issue; "used" is in order of use.</summary>
    [Theory]
    [InlineData("", "", "old")]
    [InlineData("old", "", "new")]
    [InlineData("new", "", "old")]
    [InlineData("old,new", "", "old")]
    [InlineData("new,old", "", "new")]
    [InlineData("old", "old", "new")]
    [InlineData("new", "new", "old")]
    [InlineData("old,new", "new", "old")]
    [InlineData("new,old", "old", "new")]
    [InlineData("gone,old", "old", "new")]
    [InlineData("old,gone", "", "new")]
    public void A_third_token_replaces_the_one_that_is_least_in_use(string used, string live, string replaced)
    {
        var decision = ProviderDecider.Decide(Two(), Issue(null, Use(used, live)));

        Assert.Equal(
            [new ProviderTokenRevoked(replaced), new ProviderTokenIssued("third", "hash", At)],
            decision.Events
        );
    }

    [Fact]
    public void A_third_token_is_refused_while_agents_are_attached_with_both()
    {
        var decision = ProviderDecider.Decide(Two(), Issue(null, Use("old,new", "old,new")));

        Assert.Empty(decision.Events);
        Assert.Equal(ErrorReasons.ProviderTokenInUse, decision.Error?.Reason);
        Assert.Contains("mesh providers revoke-token west TOKEN_ID", decision.Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_token_replaces_none()
    {
        var one = Fold(Remote, new ProviderTokenIssued("old", "hash-old", At));

        var decision = ProviderDecider.Decide(one, Issue(null, Use("", "")));

        Assert.Equal([new ProviderTokenIssued("third", "hash", At)], decision.Events);
    }

    [Theory]
    [InlineData("", "", null)]
    [InlineData("old", "old", null)]
    [InlineData("new", "", ErrorReasons.ProviderTokenInUse)]
    [InlineData("new", "new", ErrorReasons.ProviderTokenInUse)]
    public void A_token_takes_the_place_of_a_named_one_only_while_nobody_has_used_that(
        string used,
        string live,
        string? refused
    )
    {
        var decision = ProviderDecider.Decide(Two(), Issue("new", Use(used, live)));

        Assert.Equal(refused, decision.Error?.Reason);
        if (refused is null)
            Assert.Equal(
                [new ProviderTokenRevoked("new"), new ProviderTokenIssued("third", "hash", At)],
                decision.Events
            );
    }

    [Fact]
    public void A_named_token_that_is_gone_is_not_replaced_by_another()
    {
        var decision = ProviderDecider.Decide(Two(), Issue("gone", Use("", "")));

        Assert.Equal(ErrorReasons.ProviderTokenNotFound, decision.Error?.Reason);
    }

    [Theory]
    [InlineData(true, "t2")]
    [InlineData(false, "")]
    public void The_token_that_was_used_last_is_live_while_the_agent_is_attached(bool attached, string live)
    {
        var presence = new ProviderPresence("presence-p", "p", At) { UsedTokens = ["t1", "t2"], Attached = attached };

        var use = TokenUse.Of(presence);

        Assert.Equal(["t1", "t2"], use.Used);
        Assert.Equal(Ids(live), use.Live);
    }

    private static Provider Two() =>
        Fold(
            Fold(Remote, new ProviderTokenIssued("old", "hash-old", At - TimeSpan.FromDays(2))),
            new ProviderTokenIssued("new", "hash-new", At - TimeSpan.FromDays(1))
        );

    private static IssueProviderToken Issue(string? replacing, TokenUse use) =>
        new("third", "hash", replacing, use, At);

    private static TokenUse Use(string used, string live) => new(Ids(used), Ids(live));

    private static string[] Ids(string ids) => ids.Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static Provider Fold(Provider state, ProviderEvent change) => Provider.Fold(state, "provider-p", change)!;
}
