using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>
/// Evaluates periods of scripts, counted from the agent's start, and durations of steps. Pure functions.
/// </summary>
internal static class StagedTime
{
    private const string RangeMark = "..";

    public static bool Holds(string? from, string? until, TimeSpan age) =>
        (from is null || (Durations.TryParse(from, out var begin) && age >= begin))
        && (until is null || (Durations.TryParse(until, out var end) && age < end));

    /// <param name="text">A time, or a minimum and a maximum: <c>2s..10s</c>.</param>
    public static bool TryRange(string text, out (TimeSpan Min, TimeSpan Max) range)
    {
        range = default;
        var mark = text.IndexOf(RangeMark, StringComparison.Ordinal);
        var (min, max) = mark < 0 ? (text, text) : (text[..mark], text[(mark + RangeMark.Length)..]);
        return Durations.TryParse(min, out range.Min)
            && Durations.TryParse(max, out range.Max)
            && range.Min <= range.Max;
    }

    /// <summary>Returns a number from 0 to below 1 that depends only on seed and words.</summary>
    public static double Draw(int seed, params IEnumerable<string> words)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{string.Join('/', words)}"));
        return BinaryPrimitives.ReadUInt32BigEndian(hash) / (uint.MaxValue + 1.0);
    }
}
