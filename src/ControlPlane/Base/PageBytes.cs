using Google.Protobuf;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Limits pages by bytes: most gRPC clients accept messages of 4 MiB at most. A page has at least one resource.
/// </summary>
internal static class PageBytes
{
    /// <summary>Well below 4 MiB, since a response has other fields too.</summary>
    public const int Max = 3 * 1024 * 1024;

    /// <summary>Rows that are read before their size is known.</summary>
    private const int FirstRows = 100;

    /// <summary>Bytes of tag and length in a response.</summary>
    private const int Overhead = 6;

    /// <summary>Reads and maps as many rows as fit into a page.</summary>
    /// <param name="read">Reads at most the given number of rows after a position, in order.</param>
    /// <param name="map">Maps rows to response items, one for each.</param>
    /// <param name="position">Position of a row, at which a page can end.</param>
    /// <returns>The page and the token of the next one, which is empty at the end.</returns>
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
            var rows = Math.Min(size - items.Count, items.Count == 0 ? FirstRows : RowsThatFit(bytes, items.Count));
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

    /// <returns>Number of messages that fit into a page; at least one.</returns>
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

    // Estimated from the average size so far, since rows that do not fit are read for nothing.
    private static int RowsThatFit(int bytes, int items) =>
        Math.Max(1, (int)((Max - bytes) / ((double)bytes / items)) + 1);
}
