namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>The files of a data folder that hold tokens, of mode 0600.</summary>
internal sealed class TokenFiles(string folder)
{
    public string Admin { get; } = Path.Combine(folder, "admin-token");

    public string BuiltInAgent { get; } = Path.Combine(folder, "builtin-agent-token");

    /// <summary>All or nothing: a file is there as a whole, or as it was before.</summary>
    /// <exception cref="IOException">It can't be written; so too for an <see cref="UnauthorizedAccessException"/>.</exception>
    public async Task Write(string path, string token, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        // What a killed process has left holds a token that nobody knows of.
        foreach (var left in Directory.EnumerateFiles(folder, $"{Path.GetFileName(path)}.*.part"))
            File.Delete(left);
        var part = $"{path}.{Environment.ProcessId}.part";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var writer = new StreamWriter(new FileStream(part, options)))
            await writer.WriteLineAsync(token.AsMemory(), ct);
        File.Move(part, path, overwrite: true);
    }

    /// <returns>The token; null if there is no such file.</returns>
    public static async Task<string?> Read(string path, CancellationToken ct) =>
        File.Exists(path) ? (await File.ReadAllTextAsync(path, ct)).Trim() : null;

    /// <summary>Takes away tokens that are no good. What can't be deleted is overwritten by the next one.</summary>
    public void Discard()
    {
        foreach (var path in (string[])[Admin, BuiltInAgent])
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception e) when (CannotWrite(e))
            {
                // It holds nothing that lets anybody in.
            }
        }
    }

    public static bool CannotWrite(Exception e) => e is IOException or UnauthorizedAccessException;
}
