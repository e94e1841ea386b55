using System.Globalization;
using System.Text.RegularExpressions;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Rule for one quantity field of a workspace: a Kubernetes quantity within a range and with a sensible unit.
/// </summary>
/// <param name="Units">The accepted suffixes; the empty one stands for a plain number.</param>
internal sealed record QuantityRule(string Min, string Max, string Example, string[] Units)
{
    private static readonly string[] Bytes = ["", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"];

    /// <summary>
    /// Less than 10m would be less than a millisecond of each scheduling period, which the kernel refuses.
    /// </summary>
    public static readonly QuantityRule Cpu = new("10m", "1024", "500m or 2", ["", "m"]);

    public static readonly QuantityRule Memory = new("16Mi", "64Ti", "512Mi or 4Gi", Bytes);

    public static readonly QuantityRule Disk = new("16Mi", "1Pi", "10Gi", Bytes);

    public string Rule => $"must be a Kubernetes quantity from {Min} to {Max}, such as {Example}";

    /// <returns>The violated rule and a suggestion; null if there is none.</returns>
    public string? Violation(string value)
    {
        if (Holds(value))
            return null;
        var hints = Quantities.Meant(value).Where(Holds).Take(2).ToList();
        return hints.Count == 0 ? Rule : $"{Rule}; did you mean {string.Join(" or ", hints)}?";
    }

    private bool Holds(string value) =>
        Quantities.Parse(value) is { } quantity
        && Units.Contains(quantity.Unit)
        && Quantities.Compare(value, Min) >= 0
        && Quantities.Compare(value, Max) <= 0;
}

/// <summary>Kubernetes quantities without signs and exponents.</summary>
internal static partial class Quantities
{
    private const int MaxLength = 32;

    private static readonly Dictionary<string, double> Units = new()
    {
        [""] = 1,
        ["m"] = 0.001,
        ["k"] = 1e3,
        ["M"] = 1e6,
        ["G"] = 1e9,
        ["T"] = 1e12,
        ["P"] = 1e15,
        ["E"] = 1e18,
        ["Ki"] = 1L << 10,
        ["Mi"] = 1L << 20,
        ["Gi"] = 1L << 30,
        ["Ti"] = 1L << 40,
        ["Pi"] = 1L << 50,
        ["Ei"] = 1L << 60,
    };

    /// <summary>Compares amounts: <c>1Gi</c> equals <c>1024Mi</c>.</summary>
    public static int Compare(string first, string second) => Amount(first).CompareTo(Amount(second));

    /// <returns>Null if the value is not a quantity.</returns>
    public static (string Number, string Unit)? Parse(string value) =>
        value.Length <= MaxLength && Form().Match(value) is { Success: true } match
            ? (match.Groups["number"].Value, match.Groups["unit"].Value)
            : null;

    /// <summary>
    /// Suggests quantities for an invalid or implausible value, the most likely first: <c>4Gi</c> and <c>4G</c> for
    /// <c>4GB</c>, <c>500Mi</c> for <c>500m</c>, <c>1.5</c> for <c>1,5</c>.
    /// </summary>
    public static IEnumerable<string> Meant(string value)
    {
        if (value.Length > MaxLength || Loose().Match(value) is not { Success: true } match)
            return [];
        var number = match.Groups["number"].Value.Replace(',', '.');
        var unit = match.Groups["unit"].Value;
        string[] units = unit.ToUpperInvariant() switch
        {
            "" => ["", "Gi", "Mi", "m"],
            "M" or "MB" => ["Mi", "M", "m"],
            "MI" or "MIB" => ["Mi", "m"],
            "K" or "KB" => ["Ki", "k"],
            "KI" or "KIB" => ["Ki"],
            "G" or "GB" => ["Gi", "G", ""],
            "GI" or "GIB" => ["Gi", ""],
            "T" or "TB" => ["Ti", "T"],
            "TI" or "TIB" => ["Ti"],
            "CPU" or "CPUS" or "CORE" or "CORES" => [""],
            _ => [],
        };
        return units.Select(u => number + u);
    }

    private static double Amount(string quantity)
    {
        var (number, unit) = Parse(quantity) ?? throw new FormatException($"\"{quantity}\" is not a quantity.");
        return double.Parse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * Units[unit];
    }

    // https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/, without signs and exponents.
    [GeneratedRegex(
        @"^(?<number>[0-9]+(\.[0-9]+)?)(?<unit>m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Form();

    [GeneratedRegex(@"^\s*(?<number>[0-9]+([.,][0-9]+)?)\s*(?<unit>[A-Za-z]{0,5})\s*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Loose();
}
