using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli;

/// <summary>Options whose values are words for the values of an enum.</summary>
internal static class Words
{
    /// <param name="name">The option's name.</param>
    /// <param name="description">What it does; the words are added.</param>
    /// <param name="values">The values that may be given.</param>
    public static Option<string> Option<T>(string name, string description, params IReadOnlyList<T> values)
        where T : struct, Enum
    {
        string[] words = [.. values.Select(Text.Word)];
        var option = new Option<string>(name)
        {
            Description = $"{description}: {string.Join(", ", words)}",
            HelpName = name.TrimStart('-'),
        };
        option.AcceptOnlyFromAmong(words);
        return option;
    }

    /// <returns>The enum's zero, which stands for any, if no word was given.</returns>
    public static T Value<T>(string? word)
        where T : struct, Enum => Enum.GetValues<T>().FirstOrDefault(v => Text.Word(v) == word);
}
