namespace Coder.Mesh.Kubernetes.Tests;

internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(string text) => File.WriteAllText(Path, text);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"mesh-{Guid.NewGuid():n}");

    public void Dispose() => File.Delete(Path);
}
