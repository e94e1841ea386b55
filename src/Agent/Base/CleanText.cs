using System.Text;

namespace Coder.Mesh.Agent.Base;

/// <summary>Makes text that came from a cluster fit to be stored and printed.</summary>
internal static class CleanText
{
    public const int MaxBytes = 1024;

    /// <summary>Control characters become blanks; what exceeds <see cref="MaxBytes"/> of UTF-8 is cut at a whole character.</summary>
    public static string Clean(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) <= MaxBytes && !text.Any(char.IsControl))
            return text;

        var clean = new StringBuilder(Math.Min(text.Length, MaxBytes));
        var bytes = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((bytes += rune.Utf8SequenceLength) > MaxBytes)
                break;
            clean.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return clean.ToString();
    }
}
