using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>The option `--output` of every command.</summary>
internal static class OutputOption
{
    public static readonly Option<string> Option = Make();

    public static OutputFormat Format(this ParseResult line) => Words.Value<OutputFormat>(line.GetValue(Option));

    private static Option<string> Make()
    {
        string[] words = [.. Enum.GetValues<OutputFormat>().Select(Text.Word)];
        var option = new Option<string>("--output", "-o")
        {
            Description = "Output format; name and id are for lists only [default: table]",
            HelpName = string.Join('|', words),
            Recursive = true,
        };
        Words.Only(option, words);
        return option;
    }
}
