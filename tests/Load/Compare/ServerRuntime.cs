using System.Text.RegularExpressions;

namespace Coder.Mesh.Load.Compare;

/// <summary>How a .NET server runs, as the kernel shows it.</summary>
/// <param name="Version">Which runtime it has loaded.</param>
/// <param name="Collector"><c>workstation</c> or <c>server</c>.</param>
internal sealed partial record ServerRuntime(string Version, string Collector)
{
    /// <exception cref="LoadException">The process is gone.</exception>
    public static ServerRuntime Of(int pid)
    {
        try
        {
            return new ServerRuntime(
                ParseVersion(File.ReadLines($"/proc/{pid}/maps")),
                ParseCollector(Directory.EnumerateDirectories($"/proc/{pid}/task").Select(ThreadName))
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoadException($"process {pid} can't be measured any more: {e.Message}");
        }
    }

    public static string ParseVersion(IEnumerable<string> maps)
    {
        var library = maps.FirstOrDefault(line => line.EndsWith("/libcoreclr.so", StringComparison.Ordinal));
        if (library is null)
            return "built in (single file)";
        var version = SharedFramework().Match(library);
        return version.Success ? $"shared {version.Groups[1].Value}" : "self-contained";
    }

    // The server collector has threads of its own, and names them.
    public static string ParseCollector(IEnumerable<string> threads) =>
        threads.Contains(".NET Server GC") ? "server" : "workstation";

    private static string ThreadName(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm").Trim();
        }
        catch (IOException)
        {
            // A thread that has just ended was none of the collector's.
            return "";
        }
    }

    public override string ToString() => $"{Version}, {Collector} collector";

    [GeneratedRegex("/Microsoft\\.NETCore\\.App/([^/]+)/")]
    private static partial Regex SharedFramework();
}
