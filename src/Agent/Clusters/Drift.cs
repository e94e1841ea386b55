namespace Coder.Mesh.Agent.Clusters;

/// <summary>Sets of named differences, separated by spaces. Pure functions.</summary>
internal static class Drift
{
    public static string Join(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));

    /// <summary>Returns the names in the first set that are missing from the second.</summary>
    public static string Except(string? one, string? other) => Join(Names(one).Except(Names(other)));

    public static string Common(string? one, string? other) => Join(Names(one).Intersect(Names(other)));

    public static string[] Names(string? drift) => drift is { Length: > 0 } ? drift.Split(' ') : [];
}
