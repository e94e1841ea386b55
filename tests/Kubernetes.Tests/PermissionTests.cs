using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.Agent.Kubernetes;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Kubernetes;
using Coder.Mesh.V1;

namespace Coder.Mesh.Kubernetes.Tests;

/// <summary>What the API server's own RBAC makes of a Role that lacks something.</summary>
public sealed class PermissionTests(ControlPlaneFixture fixture)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Each verb of the one list that the Role, the probe and the documentation share.</summary>
    public static TheoryData<string, string> EachVerb { get; } =
        new(
            RequiredPermissions
                .In("ns")
                .Where(p => !p.Optional)
                .SelectMany(p => p.Verbs.Select(verb => (verb, Resource(p.Group, p.Resource))))
        );

    [Theory]
    [MemberData(nameof(EachVerb))]
    public async Task A_missing_verb_is_named_with_its_resource_and_is_no_trouble_once_it_is_given_back(
        string verb,
        string resource
    )
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(TestDriver.Rules, Ct);
        await using var driver = new TestDriver(ns);
        Assert.Equal(ConditionStatus.True, (await Permissions(driver)).Status);

        await ns.SetRules(
            TestDriver.Rules(ns.Name).Select(r => Without(r, verb, resource)).Where(r => r.Verbs.Count > 0),
            Ct
        );
        var without = await Permissions(driver);
        await ns.SetRules(TestDriver.Rules(ns.Name), Ct);
        var with = await Permissions(driver);

        var named = resource == "namespaces" ? $"{resource}/{ns.Name}" : resource;
        Assert.Equal(
            (ConditionStatus.False, "permissions_insufficient", $"The agent's Role lacks: {verb} {named}."),
            (without.Status, without.Code, without.Message)
        );
        Assert.Equal(new ProbedCondition(ConditionTypes.PermissionsSufficient, ConditionStatus.True), with);
    }

    [Fact]
    public async Task The_Role_of_an_agent_of_before_is_enough()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(
            name => TestDriver.Rules(name).Where(r => r.Resource != "deployments/scale"),
            Ct
        );
        await using var driver = new TestDriver(ns);

        Assert.Equal(ConditionStatus.True, (await Permissions(driver)).Status);
    }

    [Fact]
    public async Task All_that_is_missing_is_named_at_once_in_the_order_of_the_Role()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(
            name =>
                TestDriver
                    .Rules(name)
                    .Where(r => r.Resource is not "pods")
                    .Select(r => Without(r, "patch", "deployments.apps")),
            Ct
        );
        await using var driver = new TestDriver(ns);

        Assert.Equal(
            "The agent's Role lacks: patch deployments.apps, list pods, watch pods.",
            (await Permissions(driver)).Message
        );
    }

    [Fact]
    public async Task An_agent_that_may_do_nothing_is_told_the_one_cause_and_what_to_do()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(_ => [], Ct);
        await using var driver = new TestDriver(ns);

        var condition = await Permissions(driver);

        Assert.Equal((ConditionStatus.False, "permissions_insufficient"), (condition.Status, condition.Code));
        Assert.StartsWith(
            $"The agent may do nothing in namespace \"{ns.Name}\": the namespace doesn't exist, or the agent's Role isn't applied there.",
            condition.Message,
            StringComparison.Ordinal
        );
        Assert.Contains($"kubectl create namespace {ns.Name}", condition.Message, StringComparison.Ordinal);
        Assert.Contains($"mesh-agent role --namespace {ns.Name} |", condition.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_verb_for_one_object_is_not_that_verb_for_all()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(
            name => TestDriver.Rules(name).Select(r => r.Resource == "services" ? r with { Name = "one" } : r),
            Ct
        );
        await using var driver = new TestDriver(ns);

        Assert.StartsWith(
            "The agent's Role lacks: get services, list services,",
            (await Permissions(driver)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_Role_that_allows_everything_allows_enough()
    {
        await using var ns = await (await fixture.Get()).CreateNamespace(_ => [new PolicyRule("*", "*", ["*"])], Ct);
        await using var driver = new TestDriver(ns);

        Assert.Equal(ConditionStatus.True, (await Permissions(driver)).Status);
    }

    private static async Task<ProbedCondition> Permissions(TestDriver driver) =>
        Assert.Single((await driver.Driver.Probe(Ct)).Conditions, c => c.Type == ConditionTypes.PermissionsSufficient);

    private static PolicyRule Without(PolicyRule rule, string verb, string resource) =>
        Resource(rule.Group, rule.Resource) == resource ? rule with { Verbs = [.. rule.Verbs.Except([verb])] } : rule;

    private static string Resource(string group, string plural) => group.Length == 0 ? plural : $"{plural}.{group}";
}
