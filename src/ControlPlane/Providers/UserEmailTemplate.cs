using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Values with <c>{{ .UserEmail }}</c>, which stands for the e-mail address of a workspace's owner. The address is
/// inserted into values that are not parsed afterwards.
/// </summary>
internal static partial class UserEmailTemplate
{
    /// <returns>The violated rule; null if the text is a valid template.</returns>
    public static string? Violation(string text) =>
        Placeholder().Replace(text, "").Contains("{{", StringComparison.Ordinal)
            ? "the only template is {{ .UserEmail }}"
            : null;

    /// <summary>Returns the first key whose value needs the address; null if none does.</summary>
    public static string? NeededBy(ImmutableSortedDictionary<string, string> values) =>
        values.FirstOrDefault(v => Placeholder().IsMatch(v.Value)).Key;

    public static ImmutableSortedDictionary<string, string> Fill(
        ImmutableSortedDictionary<string, string> values,
        string email
    ) =>
        values.ToImmutableSortedDictionary(
            v => v.Key,
            v => Placeholder().Replace(v.Value, _ => email),
            StringComparer.Ordinal
        );

    [GeneratedRegex(@"\{\{\s*\.UserEmail\s*\}\}", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();
}
