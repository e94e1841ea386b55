using System.Globalization;

namespace Coder.Mesh.Agent.Base;

/// <summary>Times as people write them: <c>500ms</c>, <c>10s</c>, <c>1.5m</c>.</summary>
internal static class Durations
{
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        var (unit, length) =
            text.EndsWith("ms", StringComparison.Ordinal) ? (TimeSpan.FromMilliseconds(1), 2)
            : text.EndsWith('s') ? (TimeSpan.FromSeconds(1), 1)
            : text.EndsWith('m') ? (TimeSpan.FromMinutes(1), 1)
            : (TimeSpan.Zero, 0);
        if (
            length == 0
            || !double.TryParse(
                text.AsSpan(0, text.Length - length),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var count
            )
            || !(count <= 1_000_000)
        )
            return false;
        value = unit * count;
        return true;
    }

    public static string Format(TimeSpan value) =>
        value >= TimeSpan.FromMinutes(1) && value.Ticks % TimeSpan.TicksPerMinute == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{value.TotalMinutes:0.#}m")
            : string.Create(CultureInfo.InvariantCulture, $"{value.TotalSeconds:0.###}s");
}
