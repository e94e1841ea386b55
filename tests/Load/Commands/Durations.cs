using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Coder.Mesh.Load.Commands;

/// <summary>Durations as people write them: <c>500ms</c>, <c>10s</c>, <c>2m</c>.</summary>
internal static class Durations
{
    private static readonly (string Unit, double Seconds)[] Units = [("ms", 0.001), ("s", 1), ("m", 60)];

    public static Option<TimeSpan> Option(
        string name,
        string description,
        TimeSpan value,
        TimeSpan min,
        TimeSpan max
    ) =>
        new(name)
        {
            Description = $"{description} From {Format(min)} to {Format(max)}.",
            HelpName = "duration",
            DefaultValueFactory = _ => value,
            CustomParser = result => Parse(result, name, min, max),
        };

    public static bool TryParse(string text, out TimeSpan duration)
    {
        foreach (var (unit, seconds) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.Ordinal))
                continue;
            var number = text.AsSpan(0, text.Length - unit.Length);
            if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
                continue;
            // More than a year is no duration of a run, and would overflow further on.
            if (value * seconds > TimeSpan.FromDays(366).TotalSeconds)
                continue;
            duration = TimeSpan.FromSeconds(value * seconds);
            return true;
        }
        duration = default;
        return false;
    }

    public static string Format(TimeSpan duration) =>
        duration < TimeSpan.FromSeconds(1) && duration != TimeSpan.Zero
            ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0.###}ms")
            : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.###}s");

    private static TimeSpan Parse(ArgumentResult result, string name, TimeSpan min, TimeSpan max)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (!TryParse(text, out var duration))
            result.AddError($"{name}: '{text}' is no duration; write one such as 500ms, 10s or 2m.");
        else if (duration < min || duration > max)
            result.AddError($"{name}: must be from {Format(min)} to {Format(max)}.");
        return duration;
    }
}
