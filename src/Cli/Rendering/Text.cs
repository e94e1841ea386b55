using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Coder.Mesh.Shared;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console.Rendering;

namespace Coder.Mesh.Cli.Rendering;

/// <summary>Words and times as people read them. Pure.</summary>
internal static partial class Text
{
    /// <summary>What a cell without a value shows, so that columns stay countable in a pipe.</summary>
    public const string None = "-";

    /// <summary>Makes text from elsewhere safe for a terminal: one line, and nothing that steers it.</summary>
    public static string OneLine(string text) => Clean(text, keepBreaks: false);

    /// <summary>As <see cref="OneLine"/>, but line breaks and tabs stay, for JSON, which escapes them.</summary>
    public static string Steerless(string text) => Clean(text, keepBreaks: true);

    /// <summary>How many cells of a terminal it takes: letters of some scripts take two.</summary>
    public static int Width(string line) => new Segment(line).CellCount();

    public static string OrNone(string? text) => string.IsNullOrWhiteSpace(text) ? None : text;

    /// <summary>How long ago, in its largest unit and no finer than seconds: "0s", "42s", "3m", "2h", "12d".</summary>
    public static string Age(Timestamp? since, TimeProvider time) =>
        since is null
            ? None
            : Span(TimeSpan.FromSeconds((long)(time.GetUtcNow() - since.ToDateTimeOffset()).TotalSeconds));

    /// <summary>A time to the second, in UTC.</summary>
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

    /// <summary>"PROVIDER_STATUS_READY" and the like as a word: C# names of enum values are Pascal case.</summary>
    public static string Word<T>(T value)
        where T : struct, System.Enum
    {
        var word = new StringBuilder();
        foreach (var c in value.ToString())
            word.Append(char.IsUpper(c) && word.Length > 0 ? "-" : "").Append(char.ToLowerInvariant(c));
        return word.ToString();
    }

    /// <summary>Commits in versions as long as this program shows its own: 12 digits, not 40.</summary>
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
