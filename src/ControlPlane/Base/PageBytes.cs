using Google.Protobuf;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Ends pages by their bytes too: most gRPC clients take messages of 4 MiB at most, and a page that they can't take ends their
/// list. A page has one resource at least.
/// </summary>
internal static class PageBytes
{
    /// <summary>Well below 4 MiB, for an answer has more than its resources.</summary>
    public const int Max = 3 * 1024 * 1024;

    /// <summary>Rows that are read before it is known how large they are.</summary>
    private const int FirstRows = 100;

    /// <summary>Tag and length, in an answer.</summary>
    private const int Overhead = 6;

    /// <summary>Reads and maps as many rows as a page takes.</summary>
    /// <param name="read">Rows after a position, in order, at most so many.</param>
    /// <param name="map">What they are in the answer, one for each.</param>
    /// <param name="position">Where a page ends that ends with a row.</param>
    /// <returns>The page, and the token of the next one; empty at the end.</returns>
    public static async Task<(IReadOnlyList<T> Items, string NextToken)> Fill<TRow, T>(
        int size,
        string token,
        Func<string, int, Task<IReadOnlyList<TRow>>> read,
        Func<IReadOnlyList<TRow>, Task<IReadOnlyList<T>>> map,
        Func<TRow, string> position
    )
        where T : IMessage
    {
        var (items, bytes, after) = (new List<T>(), 0, Paging.After(token));
        while (true)
        {
            var rows = Math.Min(size - items.Count, items.Count == 0 ? FirstRows : Room(bytes, items.Count));
            var page = await read(after, rows + 1);
            var shown = await map([.. page.Take(rows)]);
            for (var i = 0; i < shown.Count; i++)
            {
                bytes += Of(shown[i]);
                if (bytes > Max && items.Count > 0)
                    return (items, Paging.Token(after));
                items.Add(shown[i]);
                after = position(page[i]);
            }

            if (page.Count <= rows)
                return (items, "");
            if (items.Count >= size)
                return (items, Paging.Token(after));
        }
    }

    /// <returns>How many of the first messages fit into a page; at least one.</returns>
    public static int Fitting<T>(IReadOnlyList<T> messages)
        where T : IMessage
    {
        var (count, bytes) = (0, 0);
        foreach (var message in messages)
        {
            bytes += Of(message);
            if (bytes > Max && count > 0)
                break;
            count++;
        }

        return count;
    }

    public static int Of(IMessage message) => message.CalculateSize() + Overhead;

    // As many as those that there are let expect, or little more: what doesn't fit was read in vain.
    private static int Room(int bytes, int items) => Math.Max(1, (int)((Max - bytes) / ((double)bytes / items)) + 1);
}
