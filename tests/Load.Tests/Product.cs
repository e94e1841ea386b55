namespace Coder.Mesh.Load.Tests;

/// <summary>The control plane's executable, built with the tests and lying beside them.</summary>
internal static class Product
{
    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "mesh-control-plane");
}
