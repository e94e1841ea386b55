namespace Coder.Mesh.Load.Compare;

/// <summary>A temporary folder of one run, removed at its end.</summary>
internal sealed class RunFolder(Action<string> say) : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mesh-load-");

    public string Path => _folder.FullName;

    public string Sub(string name) => System.IO.Path.Combine(_folder.FullName, name);

    public void Dispose()
    {
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Must not hide what ended the run.
            say($"couldn't remove '{_folder.FullName}' ({e.Message}); remove it by hand.");
        }
    }
}
