using System.CommandLine;
using System.CommandLine.Parsing;

namespace Coder.Mesh.Cli;

/// <summary>Whether an option was written on the command line.</summary>
internal static class OptionResults
{
    // The parser adds an implicit result for options with a default value, and every bool has one.
    public static bool IsGiven(this ParseResult line, Option option) => line.GetResult(option) is { Implicit: false };

    public static bool IsGiven(this SymbolResult result, Option option) =>
        result.GetResult(option) is { Implicit: false };
}
