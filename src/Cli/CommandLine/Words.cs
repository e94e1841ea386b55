using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

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
        Only(option, words);
        return option;
    }

    /// <summary>
    /// Takes these values only, in upper or lower case, and suggests them; another is told with the option's name.
    /// </summary>
    /// <param name="synonym">Taken too, and not told of.</param>
    public static void Only(Option<string> option, string[] words, string? synonym = null)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            foreach (var word in result.Tokens.Select(t => t.Value).Where(w => !Knows(w)))
                result.AddError($"{option.Name} {word}: write one of {string.Join(", ", words)}.");
        });

        bool Knows(string word) =>
            words.Contains(word, StringComparer.OrdinalIgnoreCase)
            || string.Equals(word, synonym, StringComparison.OrdinalIgnoreCase);
    }

    /// <returns>The enum's zero, which stands for any, if no word was given.</returns>
    public static T Value<T>(string? word)
        where T : struct, Enum =>
        Enum.GetValues<T>().FirstOrDefault(v => string.Equals(Text.Word(v), word, StringComparison.OrdinalIgnoreCase));
}
