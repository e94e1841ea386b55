using System.Runtime.InteropServices;

namespace Coder.Mesh.EndToEnd.Tests.Harness;

/// <summary>The published executables.</summary>
internal static class Artifacts
{
    private const string Variable = "MESH_ARTIFACTS";

    public static string ControlPlane => Executable("mesh-control-plane");

    public static string Agent => Executable("mesh-agent");

    public static string Cli => Executable("mesh");

    /// <summary>The script that <c>./build.sh run</c> becomes after it has built.</summary>
    public static string RunScript => Path.Combine(Repository, "eng", "run.sh");

    /// <summary>The one door of a checkout.</summary>
    public static string BuildScript => Path.Combine(Repository, "build.sh");

    public static string Folder =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
            ? named
            : Path.Combine(Repository, "artifacts");

    /// <summary>
    /// Where the runtime is: the executables look for it by <c>DOTNET_ROOT</c> if it isn't at its usual place.
    /// </summary>
    public static string DotnetRoot =>
        Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    public static string Repository
    {
        get
        {
            for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            {
                if (File.Exists(Path.Combine(at.FullName, "build.sh")))
                    return at.FullName;
            }

            throw new InvalidOperationException($"No checkout above {AppContext.BaseDirectory}.");
        }
    }

    private static string Executable(string name)
    {
        var path = Path.Combine(Folder, name);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException(
                $"There is no {path}. These tests run the published executables: ./build.sh publish makes them "
                    + $"({Variable} names another folder)."
            );
    }
}
