using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

public sealed class ProviderDeciderTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ProviderHoldings Nothing = new(IsDefault: false, UnfinishedWorkspaces: 0, LastOf: []);

    private static readonly Provider Remote = Provider.Fold(
        null,
        "provider-p",
        new ProviderRegistered("p", "west", ProviderKind.Remote, new ProviderDetails(), At)
    )!;

    [Fact]
    public void R1_the_built_in_provider_cannot_be_deleted() =>
        Assert.Equal(
            ErrorReasons.ProviderBuiltIn,
            ProviderDecider
                .Decide(Remote with { Kind = ProviderKind.BuiltIn }, new DeleteProvider(Nothing, At))
                .Error?.Reason
        );

    [Fact]
    public void R3_the_default_provider_cannot_be_deleted() =>
        Assert.Equal(ErrorReasons.ProviderIsDefault, Delete(Nothing with { IsDefault = true }));

    [Fact]
    public void R4_a_provider_with_unfinished_workspaces_cannot_be_deleted() =>
        Assert.Equal(ErrorReasons.ProviderInUse, Delete(Nothing with { UnfinishedWorkspaces = 1 }));

    [Fact]
    public void R4_an_organization_s_last_provider_cannot_be_deleted() =>
        Assert.Equal(ErrorReasons.ProviderLastOfOrganization, Delete(Nothing with { LastOf = ["acme"] }));

    [Fact]
    public void An_idle_remote_provider_is_deleted_and_loses_its_tokens()
    {
        var issued = Provider.Fold(Remote, "provider-p", new ProviderTokenIssued("t1", "h1", At))!;

        var decision = ProviderDecider.Decide(issued, new DeleteProvider(Nothing, At));
        var deleted = Provider.Fold(issued, "provider-p", Assert.Single(decision.Events))!;

        Assert.True(deleted.Deleted);
        Assert.Empty(deleted.Tokens);
        Assert.Equal(
            ErrorReasons.ProviderNotFound,
            ProviderDecider.Decide(deleted, new DeleteProvider(Nothing, At)).Error?.Reason
        );
    }

    [Theory]
    [InlineData(ProviderStatus.Error, false, null)]
    [InlineData(ProviderStatus.Ready, false, ErrorReasons.ProviderNotLost)]
    [InlineData(ProviderStatus.Pending, false, ErrorReasons.ProviderNotLost)]
    [InlineData(ProviderStatus.Ready, true, null)]
    public void A_provider_is_forgotten_in_Error_or_by_force(ProviderStatus status, bool forced, string? reason)
    {
        var holding = Nothing with { UnfinishedWorkspaces = 3, LastOf = ["acme"] };
        var decision = ProviderDecider.Decide(Remote, new ForgetProvider(holding, status, "west", forced, "fire", At));

        Assert.Equal(reason, decision.Error?.Reason);
        Assert.Equal(reason is null ? [new ProviderForgotten("fire", 3, At)] : [], decision.Events);
    }

    [Fact]
    public void To_cordon_again_for_the_same_reason_changes_nothing_and_for_another_does()
    {
        var cordoned = Provider.Fold(Remote, "provider-p", new ProviderCordoned("disks", "me", At))!;

        Assert.Empty(ProviderDecider.Decide(cordoned, new CordonProvider("disks", "you", At)).Events);
        Assert.Single(ProviderDecider.Decide(cordoned, new CordonProvider("fans", "you", At)).Events);
        Assert.Empty(ProviderDecider.Decide(Remote, new UncordonProvider()).Events);
    }

    private static string? Delete(ProviderHoldings holdings) =>
        ProviderDecider.Decide(Remote, new DeleteProvider(holdings, At)).Error?.Reason;
}
