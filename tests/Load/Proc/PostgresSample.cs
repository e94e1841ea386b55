using System.Globalization;

namespace Coder.Mesh.Load.Proc;

/// <summary>
/// The PostgreSQL that a control plane runs for itself. Reported apart: it isn't the product's memory.
/// </summary>
/// <param name="Processes">The postmaster and its children.</param>
/// <param name="ProportionalBytes">Sum of Pss: each shared page counted once.</param>
/// <param name="Cpu">Of the living, and of the children that have ended.</param>
internal sealed record PostgresSample(int Processes, long ProportionalBytes, TimeSpan Cpu)
{
    private const string PidFile = "postmaster.pid";

    // After the process id, the data folder, the time of the start and the port.
    private const int SocketFolderLine = 4;

    /// <returns>Null where no PostgreSQL runs on a folder below this one.</returns>
    public static PostgresSample? Read(string dataFolder)
    {
        if (Postmaster(dataFolder) is not { } postmaster)
            return null;
        var bytes = 0L;
        var cpu = TimeSpan.Zero;
        var processes = 0;
        foreach (var pid in Children(postmaster).Prepend(postmaster))
        {
            try
            {
                bytes += ProcessSample.ParseBytes(File.ReadAllText($"/proc/{pid}/smaps_rollup"), "Pss:");
                var (own, ended) = ProcessSample.ParseCpu(File.ReadAllText($"/proc/{pid}/stat"));
                cpu += pid == postmaster ? own + ended : own;
                processes++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
            {
                // A backend that has just ended has neither.
            }
        }
        return processes == 0 ? null : new PostgresSample(processes, bytes, cpu);
    }

    /// <summary>The process that runs on a folder below this one, if it is a PostgreSQL still.</summary>
    public static int? Postmaster(string dataFolder) => Running(dataFolder)?.Pid;

    /// <summary>The folder of the Unix-domain socket on which that PostgreSQL is reached.</summary>
    public static string? SocketFolder(string dataFolder) =>
        Running(dataFolder) is { File: var file } ? File.ReadLines(file).ElementAtOrDefault(SocketFolderLine) : null;

    private static (int Pid, string File)? Running(string dataFolder)
    {
        if (!Directory.Exists(dataFolder))
            return null;
        var search = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = 3,
            IgnoreInaccessible = true,
        };
        foreach (var file in Directory.EnumerateFiles(dataFolder, PidFile, search))
        {
            var line = File.ReadLines(file).FirstOrDefault();
            if (
                int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Name(pid) is "postgres"
            )
                return (pid, file);
        }
        return null;
    }

    private static IEnumerable<int> Children(int parent)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (
                int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && Parent(pid) == parent
            )
                yield return pid;
        }
    }

    private static int? Parent(int pid)
    {
        var stat = TryRead($"/proc/{pid}/stat");
        // After the command: the state, then the parent.
        var fields = stat?[(stat.LastIndexOf(')') + 1)..].Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        return fields is { Length: 3 } ? int.Parse(fields[1], CultureInfo.InvariantCulture) : null;
    }

    private static string? Name(int pid) => TryRead($"/proc/{pid}/comm")?.Trim();

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
