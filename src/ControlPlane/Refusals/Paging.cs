using System.Text;

namespace Coder.Mesh.ControlPlane.Refusals;

/// <summary>Page sizes and tokens of lists. A token is opaque to callers: where the page before ended.</summary>
internal static class Paging
{
    public const int DefaultSize = 100;
    public const int MaxSize = 1000;

    public static int Size(int asked) => asked == 0 ? DefaultSize : Math.Min(asked, MaxSize);

    public static string Token(string after) => Convert.ToBase64String(Encoding.UTF8.GetBytes(after));

    /// <returns>Where the page before ended; empty for a first page.</returns>
    public static string After(string token) => Encoding.UTF8.GetString(Convert.FromBase64String(token));

    public static Fields Page(this Fields fields, int size, string token)
    {
        if (size < 0)
            fields.Violated("page_size", "must not be negative");
        return Convert.TryFromBase64String(token, new byte[token.Length], out _)
            ? fields
            : fields.Violated("page_token", "must be a next_page_token of an earlier answer");
    }
}
