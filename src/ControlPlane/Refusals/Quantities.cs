using System.Globalization;

namespace Coder.Mesh.ControlPlane.Refusals;

/// <summary>Kubernetes quantities of the form that <see cref="Fields.Quantity"/> lets in.</summary>
internal static class Quantities
{
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

    /// <summary>By what they amount to: <c>1Gi</c> is <c>1024Mi</c>.</summary>
    public static int Compare(string first, string second) => Amount(first).CompareTo(Amount(second));

    private static double Amount(string quantity)
    {
        var digits = quantity.TrimEnd([.. "mkMGTPEi"]);
        var number = double.Parse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        return number * Units[quantity[digits.Length..]];
    }
}
