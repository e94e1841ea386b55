using System.CommandLine.Parsing;
using System.Globalization;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Parses whole numbers.</summary>
internal static class Counts
{
    /// <summary>Parses the value of an option; adds an error if it is not valid.</summary>
    public static Func<ArgumentResult, int> AtLeast(int min) =>
        argument =>
        {
            var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= min)
                return count;
            argument.AddError($"{OptionResults.NameOf(argument)}'{text}' is not a whole number of at min {min}.");
            return default;
        };
}
