using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Providers;

/// <summary>A new file for a secret, readable by its owner only. It is deleted if no secret is written to it.</summary>
internal sealed class SecretFile : IDisposable
{
    private readonly FileStream _stream;
    private bool _kept;

    private SecretFile(string path, FileStream stream)
    {
        Path = path;
        _stream = stream;
    }

    public string Path { get; }

    public static SecretFile Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            return new SecretFile(path, new FileStream(path, options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CliException(
                new Failure($"--token-out: cannot create the file {path}", ExitCodes.Usage)
                {
                    Details = [$"cause: {e.Message}"],
                    Tips = ["nothing was created; existing files are never overwritten"],
                }
            );
        }
    }

    public void Keep(string secret)
    {
        _stream.Write(System.Text.Encoding.UTF8.GetBytes(secret + "\n"));
        _stream.Flush(flushToDisk: true);
        _kept = true;
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (!_kept)
            File.Delete(Path);
    }
}
