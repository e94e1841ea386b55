using System.Text.RegularExpressions;
using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Mapping;

namespace Coder.Mesh.ControlPlane.Tests.Base;

public sealed partial class QuantityTests
{
    private static readonly Dictionary<string, QuantityRule> Rules = new()
    {
        ["cpu"] = QuantityRule.Cpu,
        ["memory"] = QuantityRule.Memory,
        ["disk"] = QuantityRule.Disk,
    };

    [Theory]
    [InlineData("cpu", "10m")]
    [InlineData("cpu", "500m")]
    [InlineData("cpu", "0.5")]
    [InlineData("cpu", "2")]
    [InlineData("cpu", "1024")]
    [InlineData("memory", "16Mi")]
    [InlineData("memory", "16777216")]
    [InlineData("memory", "1.5Gi")]
    [InlineData("memory", "4G")]
    [InlineData("memory", "64Ti")]
    [InlineData("disk", "16Mi")]
    [InlineData("disk", "10Gi")]
    [InlineData("disk", "1P")]
    [InlineData("disk", "1Pi")]
    public void What_makes_sense_is_accepted(string kind, string quantity) =>
        Assert.Null(Rules[kind].Violation(quantity));

    [Theory]
    [InlineData("cpu", "0", "")]
    [InlineData("cpu", "-1", "")]
    [InlineData("cpu", "+1", "")]
    [InlineData("cpu", "1e3", "")]
    [InlineData("cpu", "lots", "")]
    [InlineData("cpu", "9m", "")]
    [InlineData("cpu", "1k", "")]
    [InlineData("cpu", "1024001m", "")]
    [InlineData("cpu", "2000", "2000m")]
    [InlineData("cpu", "500M", "500m")]
    [InlineData("cpu", "500 m", "500m")]
    [InlineData("cpu", "2 cores", "2")]
    [InlineData("cpu", "1,5", "1.5")]
    [InlineData("memory", "500m", "500Mi or 500M")]
    [InlineData("memory", "1000000000000m", "")]
    [InlineData("memory", "0.0Gi", "")]
    [InlineData("memory", "15Mi", "")]
    [InlineData("memory", "65Ti", "")]
    [InlineData("memory", "1E", "")]
    [InlineData("memory", "1e9", "")]
    [InlineData("memory", "-1Gi", "")]
    [InlineData("memory", "512", "512Gi or 512Mi")]
    [InlineData("memory", "4GB", "4Gi or 4G")]
    [InlineData("memory", "4gb", "4Gi or 4G")]
    [InlineData("memory", "4g", "4Gi or 4G")]
    [InlineData("memory", "4GiB", "4Gi")]
    [InlineData("memory", "4 Gi", "4Gi")]
    [InlineData("memory", "512mb", "512Mi or 512M")]
    [InlineData("disk", "1", "1Gi")]
    [InlineData("disk", "500m", "500Mi or 500M")]
    [InlineData("disk", "2Pi", "")]
    [InlineData("disk", "2TB", "2Ti or 2T")]
    [InlineData("disk", "99999999999999999999999999999999Gi", "")]
    public void Nonsense_is_refused_with_the_bounds_and_what_may_have_been_meant(
        string kind,
        string quantity,
        string hint
    )
    {
        var violation = Rules[kind].Violation(quantity);

        var question = hint.Length > 0 ? $"; did you mean {hint}?" : "";
        Assert.Equal($"{Rules[kind].Rule}{question}", violation);
    }

    [Fact]
    public void Everything_that_a_message_names_is_accepted()
    {
        string[] numbers = ["0", "1", "4", "1.5", "1,5", "100", "512", "2000", "100000", "00"];
        string[] units = ["", "b", "B", "m", "mb", "M", "MB", "MiB", "mi", "k", "kB", "KiB", "g", "GB", "Gb", "GiB"];
        string[] more = ["t", "TB", "TiB", "P", "PB", "E", "Ei", "x", "cpu", "cores", " Gi", "e3", "i", "GG"];
        var named = 0;
        foreach (var (kind, rule) in Rules)
        foreach (var quantity in numbers.SelectMany(n => units.Concat(more).Select(unit => n + unit)))
        {
            if (rule.Violation(quantity) is not { } violation)
                continue;
            foreach (Match match in Named().Matches(violation))
            {
                Assert.True(rule.Violation(match.Value) is null, $"{kind} {quantity}: {violation}");
                named++;
            }
        }

        Assert.InRange(named, 1000, int.MaxValue);
    }

    [Theory]
    [InlineData("1Gi", "1024Mi", 0)]
    [InlineData("1Gi", "1G", 1)]
    [InlineData("500m", "0.5", 0)]
    [InlineData("1", "1Gi", -1)]
    [InlineData("5Ki", "5120", 0)]
    [InlineData("2Ei", "1Pi", 1)]
    public void Quantities_are_compared_by_what_they_amount_to(string first, string second, int expected) =>
        Assert.Equal(expected, Math.Sign(Quantities.Compare(first, second)));

    // The bounds, the examples and the hints.
    [GeneratedRegex(@"[0-9][0-9.]*[A-Za-z]*")]
    private static partial Regex Named();
}
