using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Text.Json.Nodes;
using Coder.Mesh.Cli.CommandLine;
using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli;

/// <summary>`mesh version`, and what `mesh --version` does.</summary>
internal static class VersionCommand
{
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
            var (version, commit) = Current();
            if (line.Format() is not OutputFormat.Table and var format)
                output.Data(new JsonObject { ["version"] = version, ["commit"] = commit }, format);
            else
                output.Lines(Sentence());
            return ExitCodes.Ok;
        });
        return command;
    }

    private static string Sentence()
    {
        var (version, commit) = Current();
        return commit.Length > 0 ? $"mesh {version} ({commit})" : $"mesh {version}";
    }

    // The build appends the commit to the informational version after a plus sign, where it knows it.
    private static (string Version, string Commit) Current()
    {
        var full = typeof(VersionCommand)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+', 2);
        return (full[0], full.Length > 1 ? full[1][..Math.Min(12, full[1].Length)] : "");
    }

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
