using System.CommandLine;
using System.CommandLine.Parsing;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Tells whether options were given on the command line.</summary>
internal static class OptionResults
{
    // The parser adds an implicit result for options with a default value, and every bool has one.
    public static bool IsGiven(this ParseResult line, Option option) => line.GetResult(option) is { Implicit: false };

    /// <summary>The prefix of an error about the value of an option; empty for an argument.</summary>
    public static string NameOf(ArgumentResult value) =>
        value.Parent is OptionResult option ? $"{option.Option.Name}: " : "";

    public static bool IsGiven(this SymbolResult result, Option option) =>
        result.GetResult(option) is { Implicit: false };
}
