using System.Globalization;

namespace Coder.Mesh.Load.Proc;

/// <summary>CPU time of the whole machine.</summary>
internal static class MachineCpu
{
    /// <summary>All time that wasn't idle, since the machine started.</summary>
    public static TimeSpan Busy() => ParseBusy(File.ReadLines("/proc/stat").First());

    /// <summary>A line such as <c>cpu  user nice system idle iowait irq softirq steal guest guest_nice</c>.</summary>
    public static TimeSpan ParseBusy(string line)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 9 || fields[0] != "cpu")
            throw new FormatException("no line 'cpu …' of eight figures");
        // Guest time is part of user and nice already; steal is time that someone took, so the machine was busy.
        var ticks = fields.Skip(1).Take(8).Select(f => long.Parse(f, CultureInfo.InvariantCulture)).ToArray();
        return TimeSpan.FromSeconds((ticks.Sum() - ticks[3] - ticks[4]) / 100d);
    }
}
