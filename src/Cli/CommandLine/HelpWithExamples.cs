using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Coder.Mesh.Cli.Errors;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Appends examples to the help of System.CommandLine, and exit codes to that of the root command.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        Section(output, "Examples:", command is MeshCommand c ? c.Examples : Examples.Root);
        if (command is RootCommand)
            output.WriteLine(ExitCodes.Help);
        return ExitCodes.Ok;
    }

    private static void Section(TextWriter output, string title, IReadOnlyList<string> lines)
    {
        output.WriteLine(title);
        foreach (var line in lines)
            output.WriteLine($"  {line}");
        output.WriteLine();
    }

    private static class Examples
    {
        public static readonly string[] Root =
        [
            "mesh providers ls",
            "mesh workspaces create dev --wait",
            "MESH_ADDRESS=https://mesh.example.com mesh workspaces ls -o json",
        ];
    }
}
