using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// Values with <c>{{ .UserEmail }}</c>, which stands for the e-mail address of a workspace's owner. It is put into values
/// that nobody parses afterwards.
/// </summary>
internal static partial class UserEmailTemplate
{
    /// <returns>The rule that a text breaks; null if it is fit for a template.</returns>
    public static string? Violation(string text) =>
        Placeholder().Replace(text, "").Contains("{{", StringComparison.Ordinal)
            ? "the only template is {{ .UserEmail }}"
            : null;

    /// <summary>The first key whose value needs the address; null if none does.</summary>
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
