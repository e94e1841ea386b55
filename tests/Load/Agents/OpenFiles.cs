using System.Globalization;

namespace Coder.Mesh.Load.Agents;

/// <summary>Whether the process may open a connection per agent.</summary>
internal static class OpenFiles
{
    // The runtime's own: assemblies, pipes, epoll, listeners.
    private const int Reserve = 256;

    public static void Require(int agents)
    {
        var limit = ParseSoftLimit(File.ReadLines("/proc/self/limits"));
        if (limit is { } files && files < agents + Reserve)
            throw new LoadException(
                $"{agents} agents need {agents + Reserve} open files in one process, the limit is {files}: "
                    + $"run `ulimit -n {agents + Reserve}` first, or lower --count."
            );
    }

    /// <returns>Null when unlimited, or not told.</returns>
    public static long? ParseSoftLimit(IEnumerable<string> lines)
    {
        const string name = "Max open files";
        var line = lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        var soft = line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var files) ? files : null;
    }
}
