using System.Globalization;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Shared;

/// <summary>Parses and formats durations: <c>500ms</c>, <c>10s</c>, <c>1.5m</c>, <c>1h30m</c>.</summary>
internal static partial class Durations
{
    /// <summary>Parses hours, minutes, seconds and milliseconds, in this order, at least one of them.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        if (Shape().Match(text) is not { Success: true, Length: > 0 } match)
            return false;
        value =
            Part(match, "h", TimeSpan.TicksPerHour)
            + Part(match, "m", TimeSpan.TicksPerMinute)
            + Part(match, "s", TimeSpan.TicksPerSecond)
            + Part(match, "ms", TimeSpan.TicksPerMillisecond);
        return true;
    }

    public static string Format(TimeSpan value) =>
        value >= TimeSpan.FromMinutes(1) && value.Ticks % TimeSpan.TicksPerMinute == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{value.TotalMinutes:0.#}m")
            : string.Create(CultureInfo.InvariantCulture, $"{value.TotalSeconds:0.###}s");

    private static TimeSpan Part(Match match, string unit, long ticks) =>
        match.Groups[unit].Success
            ? TimeSpan.FromTicks((long)(decimal.Parse(match.Groups[unit].ValueSpan, Number, Culture) * ticks))
            : TimeSpan.Zero;

    private const NumberStyles Number = NumberStyles.AllowDecimalPoint;
    private static CultureInfo Culture => CultureInfo.InvariantCulture;

    // At most six digits, so that no product overflows.
    [GeneratedRegex(
        @"\A(?:(?<h>[0-9]{1,6}(?:\.[0-9]{1,6})?)h)?(?:(?<m>[0-9]{1,6}(?:\.[0-9]{1,6})?)m)?"
            + @"(?:(?<s>[0-9]{1,6}(?:\.[0-9]{1,6})?)s)?(?:(?<ms>[0-9]{1,6}(?:\.[0-9]{1,6})?)ms)?\z"
    )]
    private static partial Regex Shape();
}
