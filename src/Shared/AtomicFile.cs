namespace Coder.Mesh.Shared;

/// <summary>Replaces files atomically: readers find the old or the new contents, also after a crash.</summary>
internal static class AtomicFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The suffix of temporary files, which remain if the process is killed.</summary>
    public const string TemporarySuffix = ".part";

    /// <summary>
    /// Creates or replaces a file that only its owner can read. The target of a symbolic link is replaced.
    /// </summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var target =
            (File.Exists(path) ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName : null) ?? path;
        var temporary = $"{target}.{Guid.NewGuid():n}{TemporarySuffix}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
