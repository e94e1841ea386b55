using System.CommandLine.Parsing;
using System.Globalization;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Whole numbers as people type them.</summary>
internal static class Counts
{
    /// <summary>Parses an option's value; on nonsense it leaves the error that the command line shows.</summary>
    public static Func<ArgumentResult, int> AtLeast(int least) =>
        argument =>
        {
            var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= least)
                return count;
            argument.AddError($"{OptionResults.NameOf(argument)}'{text}' is not a whole number of at least {least}.");
            return default;
        };
}
