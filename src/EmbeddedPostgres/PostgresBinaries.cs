using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>A folder with PostgreSQL's programs.</summary>
internal sealed partial record PostgresBinaries(string Folder, int Major)
{
    private static readonly TimeSpan VersionTimeout = TimeSpan.FromSeconds(10);

    public string Postgres => Path.Combine(Folder, "postgres");

    public string InitDb => Path.Combine(Folder, "initdb");

    /// <param name="options">Settings with the folder.</param>
    /// <param name="madeBy">Major version of an existing database, which only the same version can open.</param>
    /// <param name="databaseFolder">Used in messages.</param>
    /// <param name="ct">Cancels the search.</param>
    public static async Task<PostgresBinaries> Find(
        EmbeddedPostgresOptions options,
        int? madeBy,
        string databaseFolder,
        CancellationToken ct
    )
    {
        List<PostgresBinaries> found = [];
        foreach (var folder in Candidates(options))
        {
            if (await MajorOf(folder, ct) is not { } major)
                continue;
            var binaries = new PostgresBinaries(folder, major);
            if (madeBy is null || madeBy == major)
                return binaries;
            found.Add(binaries);
        }

        throw new EmbeddedPostgresException(
            found.Count == 0 ? NothingFound(options) : OtherVersion(databaseFolder, madeBy!.Value, found)
        );
    }

    private static IEnumerable<string> Candidates(EmbeddedPostgresOptions options)
    {
        IEnumerable<string> folders = options.BinariesFolder is { Length: > 0 } chosen
            ? [Path.GetFullPath(chosen)]
            : options
                .SearchPath.Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Where(Path.IsPathRooted)
                .Concat(DistributionFolders(options.DistributionFolder));
        return folders.Select(RealFolder).OfType<string>().Distinct();
    }

    private static IEnumerable<string> DistributionFolders(string root) =>
        !Directory.Exists(root)
            ? []
            : Directory
                .EnumerateDirectories(root)
                .OrderByDescending(folder =>
                    int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0
                )
                .Select(folder => Path.Combine(folder, "bin"));

    // PATH may contain links to single programs; the folder of their targets has all of them.
    private static string? RealFolder(string folder)
    {
        var postgres = new FileInfo(Path.Combine(folder, "postgres"));
        if (!postgres.Exists)
            return null;
        var real = Path.GetDirectoryName(
            postgres.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? postgres.FullName
        );
        return real is not null && File.Exists(Path.Combine(real, "initdb")) ? real : null;
    }

    private static async Task<int?> MajorOf(string folder, CancellationToken ct)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, "postgres"), ["--version"])
        {
            RedirectStandardOutput = true,
        };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(VersionTimeout);
        try
        {
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            return VersionPattern().Match(output) is { Success: true } match
                ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
                : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // not executable here: as good as not there
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
    }

    private static string NothingFound(EmbeddedPostgresOptions options)
    {
        var searched = options.BinariesFolder is { Length: > 0 } chosen
            ? $"{EmbeddedPostgresOptions.Variables}__BinariesFolder ({chosen})"
            : $"PATH ({options.SearchPath}) and {options.DistributionFolder}/*/bin";
        return "No connection string is set, so the control plane runs its own PostgreSQL, but its programs postgres and "
            + $"initdb were not found. Searched: {searched}. Install your distribution's postgresql package, or use a "
            + "server of your own by setting the connection string ConnectionStrings__Mesh.";
    }

    private static string OtherVersion(string databaseFolder, int madeBy, List<PostgresBinaries> found)
    {
        var versions = string.Join(", ", found.Select(b => $"{b.Major} in {b.Folder}"));
        return $"The database in {databaseFolder} was made by PostgreSQL {madeBy}, and only the same major version opens it. "
            + $"Found: {versions}. Install PostgreSQL {madeBy} or name its folder ({EmbeddedPostgresOptions.Variables}__BinariesFolder), "
            + "or move the database over with pg_upgrade.";
    }

    [GeneratedRegex(@"\(PostgreSQL\) (\d+)")]
    private static partial Regex VersionPattern();
}
