using System.Globalization;

namespace Coder.Mesh.Load.Proc;

/// <summary>What the kernel says of one process at one moment.</summary>
/// <param name="ResidentBytes">VmRSS.</param>
/// <param name="PeakBytes">VmHWM: the highest VmRSS since the start.</param>
/// <param name="AnonymousBytes">RssAnon: without pages of files, which processes share.</param>
/// <param name="Cpu">utime + stime of all threads.</param>
internal sealed record ProcessSample(long ResidentBytes, long PeakBytes, long AnonymousBytes, TimeSpan Cpu)
{
    // USER_HZ, in which the kernel reports to user space on every architecture that .NET runs on.
    private const int TicksPerSecond = 100;

    /// <exception cref="LoadException">The process is gone.</exception>
    public static ProcessSample Read(int pid)
    {
        try
        {
            return Parse(File.ReadAllText($"/proc/{pid}/status"), File.ReadAllText($"/proc/{pid}/stat"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"process {pid} can't be measured any more: {e.Message}");
        }
    }

    public static ProcessSample Parse(string status, string stat)
    {
        var (own, _) = ParseCpu(stat);
        return new ProcessSample(
            ParseBytes(status, "VmRSS:"),
            ParseBytes(status, "VmHWM:"),
            ParseBytes(status, "RssAnon:"),
            own
        );
    }

    /// <summary>CPU time of a process itself, and of its children that have ended.</summary>
    public static (TimeSpan Own, TimeSpan EndedChildren) ParseCpu(string stat)
    {
        // The second field is the command in parentheses and may hold anything, blanks and parentheses too.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return (Ticks(fields[11]) + Ticks(fields[12]), Ticks(fields[13]) + Ticks(fields[14]));
    }

    /// <summary>A line such as <c>VmRSS:	    1776 kB</c>.</summary>
    public static long ParseBytes(string status, string key)
    {
        foreach (var line in status.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(key, StringComparison.Ordinal))
                continue;
            var value = line[key.Length..].Trim();
            if (!value.EndsWith(" kB", StringComparison.Ordinal))
                break;
            return 1_024 * long.Parse(value[..^3], NumberStyles.None, CultureInfo.InvariantCulture);
        }
        throw new FormatException($"no line '{key} … kB'");
    }

    private static TimeSpan Ticks(string field) =>
        TimeSpan.FromSeconds(long.Parse(field, CultureInfo.InvariantCulture) / (double)TicksPerSecond);
}
