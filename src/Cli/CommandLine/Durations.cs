using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Lengths of time as people type them: 500ms, 10s, 5m, 1h30m.</summary>
internal static partial class Durations
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>Parses an option's value; on nonsense it leaves the error that the command line shows.</summary>
    public static TimeSpan Parse(ArgumentResult argument)
    {
        var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
        if (TryParse(text) is { } span)
            return span;
        argument.AddError(
            $"{OptionResults.NameOf(argument)}'{text}' is not a length of time between 1ms and 24h, such as 500ms, 10s, 5m or 1h30m."
        );
        return default;
    }

    /// <summary>The value of an option that is a length of time; its default stands in its description.</summary>
    public static TimeSpan Duration(this ParseResult line, Option<TimeSpan> option, TimeSpan byDefault) =>
        line.IsGiven(option) ? line.GetValue(option) : byDefault;

    internal static TimeSpan? TryParse(string text)
    {
        if (Shape().Match(text) is not { Success: true } match)
            return null;
        var span =
            Part(match, "h", TimeSpan.TicksPerHour)
            + Part(match, "m", TimeSpan.TicksPerMinute)
            + Part(match, "s", TimeSpan.TicksPerSecond)
            + Part(match, "ms", TimeSpan.TicksPerMillisecond);
        return span >= TimeSpan.FromMilliseconds(1) && span <= Longest ? span : null;
    }

    // Six digits at most, so that no product overflows.
    [GeneratedRegex(@"\A(?:(?<h>[0-9]{1,6})h)?(?:(?<m>[0-9]{1,6})m)?(?:(?<s>[0-9]{1,6})s)?(?:(?<ms>[0-9]{1,6})ms)?\z")]
    private static partial Regex Shape();

    private static TimeSpan Part(Match match, string unit, long ticks) =>
        match.Groups[unit].Success
            ? TimeSpan.FromTicks(long.Parse(match.Groups[unit].ValueSpan, CultureInfo.InvariantCulture) * ticks)
            : TimeSpan.Zero;
}
