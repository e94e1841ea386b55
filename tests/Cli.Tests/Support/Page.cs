using System.Globalization;

namespace Coder.Mesh.Cli.Tests.Support;

internal static class Page
{
    public static (IEnumerable<T> Items, string Next) Of<T>(List<T> all, string token, int size)
    {
        var start = token.Length == 0 ? 0 : int.Parse(token, CultureInfo.InvariantCulture);
        var end = start + size;
        return (all.Skip(start).Take(size), end < all.Count ? end.ToString(CultureInfo.InvariantCulture) : "");
    }
}
