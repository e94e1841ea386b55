using System.CommandLine;

namespace Coder.Mesh.Load.Commands;

/// <summary>Which control plane is measured.</summary>
internal static class ProductOption
{
    private const string Name = "--control-plane";

    public static Option<string> Create() =>
        new(Name) { Description = "The executable mesh-control-plane that is measured.", Required = true };

    public static string Executable(string path)
    {
        var full = Path.GetFullPath(path);
        return File.Exists(full)
            ? full
            : throw new LoadException($"{Name}: there is no file '{path}'; `./build.sh publish` makes one.");
    }
}
