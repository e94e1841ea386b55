namespace Coder.Mesh.Load.Compare;

/// <summary>How this program starts itself anew, as another command.</summary>
internal static class OwnExecutable
{
    public static IReadOnlyList<string> Command(params string[] arguments)
    {
        // The apphost lies beside the assembly, also where another program (a test) has loaded that.
        var path = Path.Combine(AppContext.BaseDirectory, "mesh-load");
        return File.Exists(path)
            ? [path, .. arguments]
            : throw new LoadException($"'{path}' isn't there; build tests/Load whole, with its executable.");
    }
}
