using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Organizations;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Tests.Organizations;

public sealed class OrganizationDeciderTests
{
    private static readonly DateTimeOffset At = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Organization Science = After(null, new CreateOrganization("o", "science", "built-in", At));

    [Fact]
    public void R6_a_new_organization_may_use_the_built_in_provider_only() =>
        Assert.Equal(["built-in"], Science.AllowedProviders);

    [Fact]
    public void To_allow_what_is_allowed_or_disallow_what_isnt_changes_nothing()
    {
        Assert.Empty(OrganizationDecider.Decide(Science, new AllowProvider("built-in")).Events);
        var decision = OrganizationDecider.Decide(Science, new DisallowProvider("west", "west", Unfinished: 0));
        Assert.Empty(decision.Events);
        Assert.Null(decision.Error);
    }

    [Fact]
    public void R5_comes_before_R6_for_its_remedy_comes_first()
    {
        Assert.Equal(ErrorReasons.OrganizationUsesProvider, Disallow(unfinished: 1));
        Assert.Equal(ErrorReasons.ProviderLastOfOrganization, Disallow(unfinished: 0));
    }

    [Fact]
    public void A_deleted_organization_is_nobodys_and_changes_no_more()
    {
        var deleted = After(Science, new DeleteOrganization(Unfinished: 0, At));

        Assert.Empty(deleted.AllowedProviders);
        Assert.Equal(
            ErrorReasons.OrganizationNotFound,
            OrganizationDecider.Decide(deleted, new AllowProvider("west")).Error?.Reason
        );
        Assert.Equal(
            ErrorReasons.OrganizationInUse,
            OrganizationDecider.Decide(Science, new DeleteOrganization(Unfinished: 2, At)).Error?.Reason
        );
    }

    private static string? Disallow(int unfinished) =>
        OrganizationDecider.Decide(Science, new DisallowProvider("built-in", "built-in", unfinished)).Error?.Reason;

    private static Organization After(Organization? state, OrganizationCommand command) =>
        OrganizationDecider
            .Decide(state, command)
            .Events.Aggregate(state, (s, e) => Organization.Fold(s, "organization-o", e))!;
}
