using System.Collections;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Load.Compare;

/// <summary>What a reader must know of the machine to judge the figures.</summary>
internal sealed partial record MachineFacts(
    int Cores,
    string Architecture,
    string Kernel,
    double MemoryGiB,
    string Runtime,
    string Build,
    IReadOnlyDictionary<string, string> RuntimeSettings
)
{
    private const string BuildName =
#if DEBUG
        "Debug";
#else
        "Release";
#endif

    public static MachineFacts Read() =>
        new(
            Environment.ProcessorCount,
            RuntimeInformation.ProcessArchitecture.ToString(),
            RuntimeInformation.OSDescription,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30),
            RuntimeInformation.FrameworkDescription,
            BuildName,
            Settings()
        );

    // Inherited by both servers; such a setting can change every figure.
    private static SortedDictionary<string, string> Settings() =>
        new(
            Environment
                .GetEnvironmentVariables()
                .Cast<DictionaryEntry>()
                .Select(e => (Key: (string)e.Key, Value: (string?)e.Value ?? ""))
                .Where(e => RuntimeSetting().IsMatch(e.Key))
                .ToDictionary(e => e.Key, e => e.Value),
            StringComparer.Ordinal
        );

    [GeneratedRegex("^(DOTNET|COMPlus)_(GC|gc|Tiered|TC_|ReadyToRun|PROCESSOR_COUNT|SYSTEM_NET)")]
    private static partial Regex RuntimeSetting();
}
