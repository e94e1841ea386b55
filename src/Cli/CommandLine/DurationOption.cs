using System.CommandLine;
using System.CommandLine.Parsing;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Options whose value is a duration.</summary>
internal static class DurationOption
{
    private static readonly TimeSpan Min = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Max = TimeSpan.FromDays(1);

    /// <summary>Parses the value of an option; adds an error if it is not valid.</summary>
    public static TimeSpan Parse(ArgumentResult argument)
    {
        var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
        if (TryParse(text) is { } span)
            return span;
        argument.AddError(
            $"{OptionResults.NameOf(argument)}'{text}' is not a duration between 1ms and 24h, such as 500ms, 10s, 5m or 1h30m."
        );
        return default;
    }

    /// <summary>Reads the value of an option, whose default is shown in its description.</summary>
    public static TimeSpan Duration(this ParseResult line, Option<TimeSpan> option, TimeSpan byDefault) =>
        line.IsGiven(option) ? line.GetValue(option) : byDefault;

    internal static TimeSpan? TryParse(string text) =>
        Durations.TryParse(text, out var span) && span >= Min && span <= Max ? span : null;
}
