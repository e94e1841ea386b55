using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.History;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Removal;
using Coder.Mesh.ControlPlane.Tests.Api.Json;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.Tests.Providers;

/// <summary>What a provider's details may say of workspaces.</summary>
public sealed class DetailRulesTests
{
    [Fact]
    public void What_Kubernetes_takes_is_taken() =>
        Assert.Null(
            Told(
                new WorkspaceDetails
                {
                    Tolerations =
                    [
                        new("", "Exists", "", "", null),
                        new("gpu", "", "true", "NoSchedule", null),
                        new("example.com/dedicated", "Equal", "", "NoExecute", 300),
                    ],
                    NodeSelector = Map(("topology.kubernetes.io/zone", "eu-1a"), ("spot", "")),
                    Affinity = """{ "nodeAffinity": {}, "podAntiAffinity": {} }""",
                    ServiceAccountAnnotations = Map(
                        ("eks.amazonaws.com/role-arn", "arn:aws:iam::1:role/{{.UserEmail}}"),
                        ("plain", "}} { {"),
                        ("spaced", "<{{   .UserEmail }}>")
                    ),
                    ImagePullSecrets = ["regcred", "eu.registry-1", new string('s', 253)],
                }
            )
        );

    [Theory]
    [InlineData("gpu", "In", "", "", null, "\"In\" is not an operator")]
    [InlineData("gpu", "", "", "Never", null, "\"Never\" is not an effect")]
    [InlineData("", "Equal", "", "", null, "must have the operator Exists")]
    [InlineData("", "", "", "", null, "must have the operator Exists")]
    [InlineData("gpu", "Exists", "true", "", null, "must not have a value with the operator Exists")]
    [InlineData("-gpu", "", "", "", null, "\"-gpu\" is not a Kubernetes key")]
    [InlineData("/gpu", "", "", "", null, "\"/gpu\" is not a Kubernetes key")]
    [InlineData("Example.com/gpu", "", "", "", null, "is not a Kubernetes key")]
    [InlineData("gpu", "", "a b", "", null, "\"a b\" is not a label value")]
    [InlineData("gpu", "", "", "NoSchedule", 5, "for the effect NoExecute only")]
    public void A_toleration_that_Kubernetes_would_refuse_is_refused(
        string key,
        string op,
        string value,
        string effect,
        int? seconds,
        string rule
    ) =>
        Refused(
            new WorkspaceDetails { Tolerations = [new(key, op, value, effect, seconds)] },
            $"details.tolerations: ",
            rule
        );

    [Theory]
    [InlineData("a label", "x")]
    [InlineData("zone", "x/y")]
    public void A_label_that_no_node_can_have_is_refused(string key, string value) =>
        Refused(new WorkspaceDetails { NodeSelector = Map((key, value)) }, "details.node_selector: ");

    [Theory]
    [InlineData("", "must be JSON, a Kubernetes Affinity: line 1")]
    [InlineData("{\n \"nodeAffinity\": }", "line 2, byte 18")]
    [InlineData("[]", "must be one JSON object")]
    [InlineData("null", "must be one JSON object")]
    [InlineData("""{ "affinity": {} }""", "\"affinity\" is none of nodeAffinity, podAffinity, podAntiAffinity")]
    public void An_affinity_that_is_none_is_refused(string affinity, string rule) =>
        Refused(new WorkspaceDetails { Affinity = affinity }, "details.affinity: ", rule);

    [Theory]
    [InlineData("x", "{{ .UserName }}", "the only template is {{ .UserEmail }}")]
    [InlineData("x", "{{ .UserEmail", "the only template is {{ .UserEmail }}")]
    [InlineData("x", "{{ {{ .UserEmail }} }}", "the only template is {{ .UserEmail }}")]
    [InlineData("x", "a\nb", "none of them a control or formatting character")]
    [InlineData("mesh.coder.com/companions", "x", "are set by Coder.Mesh")]
    [InlineData("not a key", "x", "is not a Kubernetes key")]
    public void An_annotation_that_is_ours_or_no_template_is_refused(string key, string value, string rule) =>
        Refused(
            new WorkspaceDetails { ServiceAccountAnnotations = Map((key, value)) },
            "details.service_account_annotations: ",
            rule
        );

    [Theory]
    [InlineData("\"\" can't be the name of a Secret", "")]
    [InlineData("\"Reg_cred\" can't be the name of a Secret", "Reg_cred")]
    [InlineData("\"a/b\" can't be the name of a Secret", "a/b")]
    [InlineData("must not name \"a\" twice", "a", "b", "a")]
    public void A_pull_secret_that_no_namespace_can_have_and_one_named_twice_is_refused(
        string rule,
        params string[] secrets
    ) => Refused(new WorkspaceDetails { ImagePullSecrets = [.. secrets] }, $"details.image_pull_secrets: {rule}");

    [Fact]
    public void The_name_of_a_pull_secret_has_at_most_253_characters() =>
        Refused(new WorkspaceDetails { ImagePullSecrets = [new string('s', 254)] }, "can't be the name of a Secret");

    [Fact]
    public void Of_everything_there_is_a_most()
    {
        var many = Map([.. Enumerable.Range(0, 21).Select(i => ($"k{i}", "v"))]);
        var details = new WorkspaceDetails
        {
            Tolerations = [.. many.Select(m => new Toleration(m.Key, "", "", "", null))],
            NodeSelector = many,
            Affinity = $$"""{ "nodeAffinity": "{{new string('x', 8 * 1024)}}" }""",
            ServiceAccountAnnotations = many,
            ImagePullSecrets = [.. many.Keys],
        };

        Refused(details, "details.tolerations: must have at most 20 entries, has 21");
        Refused(details, "details.node_selector: must have at most 20 labels, has 21");
        Refused(details, "details.affinity: must be at most 8192 characters");
        Refused(details, "details.service_account_annotations: must have at most 20 entries, has 21");
        Refused(details, "details.image_pull_secrets: must name at most 20 Secrets, names 21");
    }

    private static void Refused(WorkspaceDetails details, params string[] parts) =>
        Assert.All(parts, part => Assert.Contains(part, Told(details), StringComparison.Ordinal));

    private static string? Told(WorkspaceDetails details) => new Fields().Workspaces(details).Error?.Message;

    private static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] entries) =>
        entries.ToImmutableSortedDictionary(e => e.Key, e => e.Value, StringComparer.Ordinal);
}
