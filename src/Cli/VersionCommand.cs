using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli;

/// <summary>`mesh version` and `mesh --version`.</summary>
internal static class VersionCommand
{
    private const int CommitDigits = 12;

    public static Command Make(Output output)
    {
        var command = new MeshCommand(
            "version",
            "Print the version of this program.",
            "mesh version",
            "mesh version -o json"
        );
        command.SetAction(line =>
        {
            if (line.Format() is not OutputFormat.Table and var format)
                output.Data(new JsonObject { ["version"] = BuildVersion.Version, ["commit"] = Commit }, format);
            else
                output.Lines(Sentence());
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Sentence() =>
        Commit.Length > 0 ? $"mesh {BuildVersion.Version} ({Commit})" : $"mesh {BuildVersion.Version}";

    private static string Commit => BuildVersion.Commit[..Math.Min(CommitDigits, BuildVersion.Commit.Length)];

    /// <summary>The action of the option `--version`.</summary>
    public sealed class Action(Output output) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            output.Lines(Sentence());
            return ExitCodes.Ok;
        }
    }
}
