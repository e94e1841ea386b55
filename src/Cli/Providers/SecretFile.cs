using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.Providers;

/// <summary>A new file for a secret, which only its owner can read; gone again if nothing is kept in it.</summary>
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
                new Failure($"--token-out: cannot make the file {path}", ExitCodes.Usage)
                {
                    Details = [$"cause: {e.Message}"],
                    Tips = ["nothing was created; an existing file is never overwritten"],
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
