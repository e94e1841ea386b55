namespace Coder.Mesh.Shared;

/// <summary>Suggests the most similar name for a misspelt one.</summary>
internal static class Nearest
{
    /// <summary>Number of letters to add, remove or replace to turn one name into the other, ignoring case.</summary>
    /// <param name="exchange">Cost of two exchanged neighbours: 2 for two letters, 1 for one slip.</param>
    public static int Distance(string one, string other, int exchange = 2)
    {
        var d = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        for (var j = 0; j <= other.Length; j++)
        {
            if (i == 0 || j == 0)
            {
                d[i, j] = i + j;
                continue;
            }

            d[i, j] = Math.Min(
                Math.Min(d[i - 1, j], d[i, j - 1]) + 1,
                d[i - 1, j - 1] + (Same(one[i - 1], other[j - 1]) ? 0 : 1)
            );
            if (i > 1 && j > 1 && Same(one[i - 1], other[j - 2]) && Same(one[i - 2], other[j - 1]))
                d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + exchange);
        }

        return d[one.Length, other.Length];
    }

    /// <summary>Returns the most similar name if it is similar enough.</summary>
    public static string? To(string name, IEnumerable<string> names) =>
        names
            .Select(n => (Name: n, Distance: Distance(name, n)))
            .Where(n => n.Distance <= Math.Max(2, name.Length / 4))
            .OrderBy(n => n.Distance)
            .Select(n => n.Name)
            .FirstOrDefault();

    private static bool Same(char one, char other) => char.ToUpperInvariant(one) == char.ToUpperInvariant(other);
}
