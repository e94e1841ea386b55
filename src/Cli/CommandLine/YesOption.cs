using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>The option `--yes` of a command that asks before something is lost for good.</summary>
internal static class YesOption
{
    public const string Name = "--yes";

    public static Option<bool> Make() => new(Name, "-y") { Description = "Don't ask" };
}
