using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Coder.Mesh.Shared;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console.Rendering;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Formats words and times for people. Pure.</summary>
internal static partial class Text
{
    /// <summary>Shown in cells without a value, so that columns can be counted in a pipe.</summary>
    public const string None = "-";

    /// <summary>Removes control characters and line breaks from untrusted text.</summary>
    public static string OneLine(string text) => Clean(text, keepBreaks: false);

    /// <summary>Removes control characters, except for line breaks and tabs, which JSON escapes.</summary>
    public static string WithoutControls(string text) => Clean(text, keepBreaks: true);

    /// <summary>Measures the width in cells of a terminal; some characters take two.</summary>
    public static int Width(string line) => new Segment(line).CellCount();

    public static string OrNone(string? text) => string.IsNullOrWhiteSpace(text) ? None : text;

    /// <summary>Formats an age in its largest unit: "0s", "42s", "3m", "2h", "12d".</summary>
    public static string Age(Timestamp? since, TimeProvider time) =>
        since is null
            ? None
            : Span(TimeSpan.FromSeconds((long)(time.GetUtcNow() - since.ToDateTimeOffset()).TotalSeconds));

    /// <summary>Formats a time in UTC, to the second.</summary>
    public static string Instant(Timestamp? at) =>
        at is null ? None : at.ToDateTimeOffset().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Moment(Timestamp? at, TimeProvider time) =>
        at is null ? None : $"{Instant(at)} ({Age(at, time)} ago)";

    public static string Span(TimeSpan span) =>
        span switch
        {
            { Ticks: <= 0 } => "0s",
            { TotalSeconds: < 1 } => Invariant($"{(long)span.TotalMilliseconds}ms"),
            { TotalMinutes: < 1 } => Invariant($"{(long)span.TotalSeconds}s"),
            { TotalHours: < 1 } => Invariant($"{(long)span.TotalMinutes}m"),
            { TotalDays: < 1 } => Invariant($"{(long)span.TotalHours}h"),
            _ => Invariant($"{(long)span.TotalDays}d"),
        };

    /// <summary>Formats an enum value as a word: "PROVIDER_STATUS_READY" as "ready".</summary>
    public static string Word<T>(T value)
        where T : struct, System.Enum
    {
        var word = new StringBuilder();
        foreach (var c in value.ToString())
            word.Append(char.IsUpper(c) && word.Length > 0 ? "-" : "").Append(char.ToLowerInvariant(c));
        return word.ToString();
    }

    /// <summary>Shortens commits in versions from 40 to 12 digits.</summary>
    public static string ShortCommits(string text) => Commit().Replace(text, "");

    [GeneratedRegex(@"(?<=\+[0-9a-f]{12})[0-9a-f]{28}\b")]
    private static partial Regex Commit();

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static string Clean(string text, bool keepBreaks)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\n' or '\t')
                clean.Append(keepBreaks ? (char)rune.Value : ' ');
            else if (!CleanText.IsUnsafe(rune))
                clean.Append(rune);
        }
        return clean.ToString();
    }
}
