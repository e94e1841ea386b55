namespace Coder.Mesh.EmbeddedPostgres;

/// <summary>Log files of PostgreSQL. PostgreSQL starts a new file by size; this removes the oldest.</summary>
internal static class LogFiles
{
    public const int Kept = 5;
    public const int MegabytesEach = 10;

    public static void Prune(string folder)
    {
        foreach (var file in NewestFirst(folder).Skip(Kept))
            file.Delete();
    }

    public static IReadOnlyList<string> LastLines(string folder, int count) =>
        NewestFirst(folder).FirstOrDefault() is { } newest ? [.. File.ReadLines(newest.FullName).TakeLast(count)] : [];

    // The names begin with the time.
    private static IEnumerable<FileInfo> NewestFirst(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*.log").OrderByDescending(f => f.Name, StringComparer.Ordinal);
}
