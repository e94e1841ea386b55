using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Listing;

/// <summary>Reads the pages of a list.</summary>
internal static class Pages
{
    public const int Size = 200;

    public static async Task<List<T>> All<T>(Func<string, Task<(IEnumerable<T> Items, string Next)>> read)
    {
        var all = new List<T>();
        for (var token = ""; ; )
        {
            var (items, next) = await read(token);
            all.AddRange(items);
            if (next.Length == 0)
                return all;
            token = Progressed(token, next);
        }
    }

    /// <summary>Reads pages until the limit is reached.</summary>
    /// <param name="limit">The maximum number of items.</param>
    /// <param name="read">Reads a page with a maximum size.</param>
    /// <returns>The items, and whether there are more.</returns>
    public static async Task<(List<T> Items, bool More)> First<T>(
        int limit,
        Func<int, string, Task<(IEnumerable<T> Items, string Next)>> read
    )
    {
        var first = new List<T>();
        for (var token = ""; ; )
        {
            var (items, next) = await read(Math.Min(Size, limit - first.Count), token);
            first.AddRange(items);
            if (next.Length == 0 || first.Count >= limit)
                return (first[..Math.Min(limit, first.Count)], next.Length > 0 || first.Count > limit);
            token = Progressed(token, next);
        }
    }

    // A repeated token would cause an endless loop.
    private static string Progressed(string token, string next) =>
        next != token
            ? next
            : throw new CliException(
                new Failure("the control plane returned the same page twice", ExitCodes.Unexpected)
            );
}
