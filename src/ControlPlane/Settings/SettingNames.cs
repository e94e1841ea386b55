using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.CallLimits;
using Coder.Mesh.EmbeddedPostgres;
using Coder.Mesh.Shared;

namespace Coder.Mesh.ControlPlane.Settings;

/// <summary>
/// Names of all settings of the control plane. A setting that nothing reads is probably misspelt, so it is an error.
/// Pure functions.
/// </summary>
internal static class SettingNames
{
    private const string ConnectionString = "ConnectionStrings:Mesh";

    /// <summary>Section whose names are those of PostgreSQL.</summary>
    private const string PostgresSettings =
        $"{EmbeddedPostgresOptions.Section}:{nameof(EmbeddedPostgresOptions.Settings)}";

    /// <summary>All settings below <c>Mesh</c>, as configuration keys.</summary>
    public static IReadOnlyList<string> Own { get; } =
    [
        .. Of<ControlPlaneOptions>(ControlPlaneOptions.Section),
        .. Of<AgentStreamOptions>(AgentStreamOptions.Section),
        .. Of<CallLimitOptions>(CallLimitOptions.Section),
        // The data folder is a setting of the control plane.
        .. Of<EmbeddedPostgresOptions>(EmbeddedPostgresOptions.Section)
            .Where(k => k is not (PostgresSettings or $"{EmbeddedPostgresOptions.Section}:DataFolder")),
    ];

    /// <summary>Settings whose misspellings are detected in other sections too.</summary>
    private static readonly string[] Documented = [.. Own, ConnectionString, .. LogSettings.Names];

    /// <returns>All problems, each with the setting and a suggestion if a similar one exists.</returns>
    public static IReadOnlyList<string> Problems(IConfiguration configuration)
    {
        var given = configuration
            .AsEnumerable()
            .Where(s => s.Value is not null)
            .Select(s => s.Key)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. given.Order(StringComparer.Ordinal).Select(key => Problem(key, given)).OfType<string>()];
    }

    /// <summary>Whether the setting is below <c>Mesh</c>.</summary>
    public static bool IsOwn(string key) =>
        Own.Any(known => Same(known, key))
        || IsBelow(key, PostgresSettings) && key.Length > PostgresSettings.Length + 1;

    private static string? Problem(string key, HashSet<string> given)
    {
        if (IsBelow(key, ControlPlaneOptions.Section) || Same(key, ControlPlaneOptions.Section))
            return IsOwn(key) ? null : $"{Variable(key)} is not a setting of the control plane{Meant(key)}";
        // In other sections, unknown names may belong to other programs. They are problems only if they are similar to
        // a setting of ours that is not given.
        return
            Documented.FirstOrDefault(d => Nearest.Distance(d, key) is > 0 and <= 2) is { } near
            && !given.Contains(near)
            && !Documented.Any(d => Same(d, key))
            ? $"{Variable(key)} is not a setting of the control plane. Did you mean {Variable(near)}?"
            : null;
    }

    private static string Meant(string key) =>
        // The section may be wrong or missing too.
        (
            Own.FirstOrDefault(own => Same(LastOf(own), LastOf(key)))
            ?? Nearest.To(key, [.. Own, PostgresSettings])
            ?? Own.FirstOrDefault(own => Nearest.Distance(LastOf(own), LastOf(key)) <= 2)
        )
            is { } near
            ? $". Did you mean {Variable(near)}{(near == PostgresSettings ? "__NAME" : "")}?"
            : "; docs/configuration.md lists them.";

    private static IEnumerable<string> Of<T>(string section) =>
        typeof(T).GetProperties().Select(p => $"{section}:{p.Name}");

    private static string LastOf(string key) => key[(key.LastIndexOf(':') + 1)..];

    private static bool Same(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);

    private static bool IsBelow(string key, string section) =>
        key.StartsWith($"{section}:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the name of the environment variable.</summary>
    public static string Variable(string key) => key.Replace(":", "__", StringComparison.Ordinal);
}
