using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>The option `--yes` of commands that ask for a confirmation.</summary>
internal static class YesOption
{
    public const string Name = "--yes";

    public static Option<bool> Make() => new(Name, "-y") { Description = "Skip the confirmation" };
}
