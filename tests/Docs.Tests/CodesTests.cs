using System.Reflection;
using Coder.Mesh.Agent.Reconcile;
using Coder.Mesh.ControlPlane.Presence;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Each stable code and reason is in the documentation, and the documentation has no other.</summary>
public sealed class CodesTests
{
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
        Assert.Empty(
            Document
                .Sources("src/Agent")
                .Where(s => s.Text.Contains("new ClusterException(\"", StringComparison.Ordinal))
                .Select(s => s.Path)
        );

    [Fact]
    public void Every_reason_of_an_error_is_documented_and_no_other() =>
        Assert.Equal(
            Constants(typeof(ErrorReasons)).Where(r => r != ErrorReasons.Domain),
            Names(Document.Read("errors.md"))
        );

    private static IEnumerable<string> Names(Document document) =>
        document.Rows().Select(r => r[0].Trim('`')).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(f => f.IsLiteral)
            .Select(f => (string)f.GetRawConstantValue()!)
            .Order(StringComparer.Ordinal);
}
