using System.Text.RegularExpressions;

namespace Coder.Mesh.Agent.Kubernetes;

/// <summary>Describes who owns the fields for which an apply was refused. Pure functions.</summary>
internal static partial class FieldConflicts
{
    public const string Reason = "FieldManagerConflict";

    private const int MaxFields = 5;

    public static string Describe(IEnumerable<ApiStatus.StatusCause> causes) =>
        string.Join(
            "; ",
            causes
                .Where(c => c.Reason == Reason)
                .GroupBy(c => Manager(c), c => c.Field ?? "")
                .Select(held => $"field manager \"{held.Key}\" has changed {Fields([.. held])}")
        );

    public static bool IsWith(ApiStatus.StatusCause cause, string manager) =>
        cause.Message?.StartsWith($"conflict with \"{manager}\"", StringComparison.Ordinal) == true;

    /// <summary>Whether the field was changed by an update, for which the API server gives version and time.</summary>
    public static bool IsChange(ApiStatus.StatusCause cause) => Change().IsMatch(cause.Message ?? "");

    /// <summary>Returns the manager that a cause names; its whole message if it names none.</summary>
    private static string Manager(ApiStatus.StatusCause cause) =>
        Named().Match(cause.Message ?? "") is { Success: true } match ? match.Groups[1].Value : cause.Message ?? "";

    private static string Fields(IReadOnlyList<string> fields) =>
        fields.Count <= MaxFields
            ? string.Join(", ", fields)
            : $"{string.Join(", ", fields.Take(MaxFields))} and {fields.Count - MaxFields} more";

    [GeneratedRegex("^conflict with \"[^\"]*\"( with subresource \"[^\"]*\")? using ")]
    private static partial Regex Change();

    [GeneratedRegex("^conflict with \"([^\"]*)\"")]
    private static partial Regex Named();
}
