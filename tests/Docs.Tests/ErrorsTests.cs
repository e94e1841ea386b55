using System.Reflection;
using System.Text.RegularExpressions;
using Coder.Mesh.Agent.Connection;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Docs.Tests;

/// <summary>Each reason of an error is in the documentation, with the status that it comes with.</summary>
public sealed partial class ErrorsTests
{
    private static readonly Document Page = Document.Read("errors.md");

    private static readonly Dictionary<string, string> Reasons = typeof(ErrorReasons)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(f => f.Name != nameof(ErrorReasons.Domain))
        .ToDictionary(f => f.Name, f => (string)f.GetRawConstantValue()!);

    private static readonly Dictionary<string, StatusCode> Documented = Page.Rows()
        .ToDictionary(r => r[0].Trim('`'), r => Enum.Parse<StatusCode>(r[1].Replace("_", ""), ignoreCase: true));

    [Fact]
    public void Every_reason_is_documented_and_no_other() =>
        Assert.Equal(Reasons.Values.Order(StringComparer.Ordinal), Documented.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_reason_is_given_by_the_control_plane()
    {
        var source = string.Concat(Document.Sources("src/ControlPlane").Select(s => s.Text));

        Assert.All(Reasons.Keys, name => Assert.Matches($@"ErrorReasons\.{name}\b", source));
    }

    [Fact]
    public void Every_reason_comes_with_the_documented_status()
    {
        var given = Document
            .Sources("src/ControlPlane")
            .SelectMany(s => Given().Matches(s.Text))
            .Select(m =>
                (
                    Reason: Reasons[m.Groups["reason"].Value],
                    Status: StatusOf(WhiteSpace().Replace(m.Groups["how"].Value, ""))
                )
            )
            .ToList();

        Assert.All(given, g => Assert.Equal((g.Reason, Documented[g.Reason]), (g.Reason, g.Status)));
        // The one that is made from another.
        Assert.Equal([ErrorReasons.OrganizationAmbiguous], Reasons.Values.Except(given.Select(g => g.Reason)));
    }

    [Fact]
    public void What_a_deleted_provider_left_is_looked_for_by_every_kind_of_object() =>
        Assert.Contains(
            $"get {WorkspaceKinds.ForKubectl} -l {WorkspaceKinds.ProviderLabel}=ID",
            string.Concat(Page.Rows().Single(r => r[0] == $"`{ErrorReasons.ProviderDeleted}`")),
            StringComparison.Ordinal
        );

    [Fact]
    public void The_agent_takes_for_refusals_what_the_documentation_calls_so()
    {
        var refusals = Document.Words(Page.Paragraph("**Refusals**")).ToHashSet();
        var toAgents = Page.Under("## Agents' streams").Rows().Select(r => r[0].Trim('`')).Union(refusals).ToList();

        Assert.All(
            toAgents,
            reason =>
            {
                var end = DisconnectReasons.From(
                    new Error(Enum.Parse<ErrorKind>(Documented[reason].ToString()), reason, "").ToRpcException()
                );
                Assert.Equal((reason, refusals.Contains(reason)), (reason, end.Kind == DisconnectKind.Refused));
            }
        );
    }

    private static StatusCode StatusOf(string how) =>
        how switch
        {
            "Error.Precondition" or "Refused" => StatusCode.FailedPrecondition,
            "Error.NotFound" => StatusCode.NotFound,
            _ => Enum.Parse<StatusCode>(how),
        };

    // A kind and a reason side by side, or a reason that is given to a method named after the status.
    [GeneratedRegex(
        @"(?:ErrorKind\.(?<how>\w+),|(?<how>(?:Error\s*\.(?:NotFound|Precondition))|Refused)\()\s*(?:Protocol\.)?ErrorReasons\.(?<reason>\w+)"
    )]
    private static partial Regex Given();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
