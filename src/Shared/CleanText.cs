using System.Globalization;
using System.Text;

namespace Coder.Mesh.Shared;

/// <summary>
/// The one rule for text from elsewhere, such as an agent or a cluster: it contains no character that controls a
/// terminal, breaks a line or reorders what is shown, and has a bounded number of bytes.
/// </summary>
internal static class CleanText
{
    /// <summary>Maximum length of a text, in bytes of UTF-8.</summary>
    public const int MaxBytes = 1024;

    /// <summary>Maximum number of characters of a code.</summary>
    public const int MaxCode = 64;

    /// <summary>
    /// Replaces control characters and separators of lines with spaces, removes format characters (such as U+202E), and
    /// cuts the text at a whole character.
    /// </summary>
    public static string Clean(string text)
    {
        if (text.Length <= MaxBytes && Ascii.IsValid(text) && !text.Any(char.IsControl))
            return text;
        var clean = new StringBuilder(Math.Min(text.Length, MaxBytes));
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format)
                continue;
            var kept = IsUnsafe(rune) ? new Rune(' ') : rune;
            if ((bytes += kept.Utf8SequenceLength) > MaxBytes)
                break;
            clean.Append(kept);
        }

        return clean.ToString();
    }

    /// <summary>Turns a text into a code: lower_snake, at most 64 characters. Other characters become '_'.</summary>
    public static string Code(string text)
    {
        var code = text.Length <= MaxCode ? text : text[..MaxCode];
        return code.All(IsOfCode)
            ? code
            : string.Concat(code.Select(char.ToLowerInvariant).Select(c => IsOfCode(c) ? c : '_'));
    }

    /// <summary>Returns whether a text contains no unsafe character, whatever its length.</summary>
    public static bool IsSafe(string text) => !text.EnumerateRunes().Any(IsUnsafe);

    /// <summary>Returns whether a character controls a terminal, breaks a line or reorders text.</summary>
    public static bool IsUnsafe(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator;

    private static bool IsOfCode(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_';
}
