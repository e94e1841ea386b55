using System.Text;
using Coder.Mesh.Shared;

namespace Coder.Mesh.ControlPlane.Hosting;

/// <summary>Token files of a data folder, with mode 0600.</summary>
internal sealed class TokenFiles(string folder)
{
    public string Admin { get; } = Path.Combine(folder, "admin-token");

    public string BuiltInAgent { get; } = Path.Combine(folder, "builtin-agent-token");

    /// <summary>Writes a file atomically.</summary>
    /// <exception cref="IOException">
    /// The file cannot be written. An <see cref="UnauthorizedAccessException"/> means the same.
    /// </exception>
    public void Write(string path, string token)
    {
        Directory.CreateDirectory(folder);
        // Files left by a process that was killed hold tokens that were never valid.
        foreach (
            var left in Directory.EnumerateFiles(folder, $"{Path.GetFileName(path)}.*{AtomicFile.TemporarySuffix}")
        )
            File.Delete(left);
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(token + "\n"));
    }

    /// <returns>The token; null if there is no such file.</returns>
    public static async Task<string?> Read(string path, CancellationToken ct) =>
        File.Exists(path) ? (await File.ReadAllTextAsync(path, ct)).Trim() : null;

    /// <summary>
    /// Deletes files of invalid tokens. A file that cannot be deleted is overwritten by the next start.
    /// </summary>
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
                // Harmless: its token is not valid.
            }
        }
    }

    public static bool CannotWrite(Exception e) => e is IOException or UnauthorizedAccessException;
}
