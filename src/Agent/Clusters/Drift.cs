namespace Coder.Mesh.Agent.Clusters;

/// <summary>Named differences, with blanks between them. Pure.</summary>
internal static class Drift
{
    public static string Join(IEnumerable<string> names) => string.Join(' ', names.Order(StringComparer.Ordinal));

    /// <summary>Those of the first that the second lacks.</summary>
    public static string Except(string? one, string? other) => Join(Names(one).Except(Names(other)));

    public static string Common(string? one, string? other) => Join(Names(one).Intersect(Names(other)));

    public static string[] Names(string? drift) => drift is { Length: > 0 } ? drift.Split(' ') : [];
}
