using System.Text;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>
/// Page sizes and tokens of lists. A token holds the end of the previous page and is opaque to callers.
/// </summary>
internal static class Paging
{
    public const int DefaultSize = 100;
    public const int MaxSize = 1000;

    private const int MaxToken = 1024;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static int Size(int asked) => asked == 0 ? DefaultSize : Math.Min(asked, MaxSize);

    public static string Token(string after) => Convert.ToBase64String(Encoding.UTF8.GetBytes(after));

    /// <returns>The end of the previous page; empty for the first page, or if the token is invalid.</returns>
    public static string After(string token) => Read(token) ?? "";

    public static Fields Page(this Fields fields, int size, string token)
    {
        if (size < 0)
            fields.Violated("page_size", "must not be negative");
        return Read(token) is null
            ? fields.Violated("page_token", "must be a next_page_token of an earlier answer")
            : fields;
    }

    /// <returns>Null if no list has returned the token: tokens are made from text without control characters.</returns>
    private static string? Read(string token)
    {
        if (token.Length > MaxToken)
            return null;
        var bytes = new byte[token.Length];
        if (!Convert.TryFromBase64String(token, bytes, out var length))
            return null;
        try
        {
            var text = Utf8.GetString(bytes, 0, length);
            return text.Any(char.IsControl) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
