using System.Reflection;
using System.Text.RegularExpressions;
using Coder.Mesh.Agent.Clusters;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Each stable code is in the documentation, and the documentation has no other.</summary>
public sealed partial class CodesTests
{
    [Fact]
    public void Every_condition_is_documented_and_no_other()
    {
        var rows = Document.Read("status-codes.md").Under("## Conditions").Rows();

        Assert.Equal(
            [
                .. ConditionTypes.Required.Select(c => (c, "required")),
                .. ConditionTypes.Advisory.Select(c => (c, "advisory")),
            ],
            rows.Select(r => (r[0].Trim('`'), r[1]))
        );
        Assert.Equal(
            Constants(typeof(ConditionTypes)),
            ConditionTypes.Required.Concat(ConditionTypes.Advisory).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Every_code_of_the_control_plane_is_documented_and_no_other() =>
        Assert.Equal(
            StatusCodes.All.Order(StringComparer.Ordinal),
            Names(Document.Read("status-codes.md").Under("## Provider: given by the control plane"))
        );

    [Fact]
    public void The_list_of_the_control_plane_s_codes_lacks_none() =>
        Assert.Equal(Constants(typeof(StatusCodes)), StatusCodes.All.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_code_of_the_agent_is_documented_and_no_other() =>
        Assert.Equal(
            Constants(typeof(ClusterCodes)),
            Names(Document.Read("status-codes.md").Under("## Conditions and workspaces: given by the agent"))
        );

    [Fact]
    public void The_agent_s_source_has_no_code_beside_the_list() =>
        Assert.Empty(Document.Sources("src/Agent").Where(s => CodeWrittenOut().IsMatch(s.Text)).Select(s => s.Path));

    [Theory]
    [InlineData("## Provider: given by the control plane")]
    [InlineData("## Conditions and workspaces: given by the agent")]
    public void Every_code_has_cause_meaning_for_workspaces_and_remedy(string heading) =>
        Assert.All(
            Document.Read("status-codes.md").Under(heading).Rows(),
            row =>
            {
                Assert.Equal(4, row.Length);
                Assert.DoesNotContain("", row);
            }
        );

    private static IEnumerable<string> Names(Document document) =>
        document.Rows().Select(r => r[0].Trim('`')).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(f => f.IsLiteral)
            .Select(f => (string)f.GetRawConstantValue()!)
            .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\b(?:ClusterException|Coded|Failed|Failure)\(\s*""|\bCode\s*=\s*""[a-z]")]
    private static partial Regex CodeWrittenOut();
}
