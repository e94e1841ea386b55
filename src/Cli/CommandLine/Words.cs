using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Options whose values are the names of enum values.</summary>
internal static class Words
{
    /// <param name="name">The option's name.</param>
    /// <param name="description">Its description, to which the words are added.</param>
    /// <param name="values">The allowed values.</param>
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

    /// <summary>Restricts an option to these values, ignoring case, and suggests them.</summary>
    /// <param name="synonym">Accepted too, but not suggested.</param>
    public static void Only(Option<string> option, string[] words, string? synonym = null)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            foreach (var word in result.Tokens.Select(t => t.Value).Where(w => !Knows(w)))
                result.AddError($"{option.Name} {word}: must be one of {string.Join(", ", words)}.");
        });

        bool Knows(string word) =>
            words.Contains(word, StringComparer.OrdinalIgnoreCase)
            || string.Equals(word, synonym, StringComparison.OrdinalIgnoreCase);
    }

    /// <returns>The value; the enum's zero, which means any, if no word was given.</returns>
    public static T Value<T>(string? word)
        where T : struct, Enum =>
        Enum.GetValues<T>().FirstOrDefault(v => string.Equals(Text.Word(v), word, StringComparison.OrdinalIgnoreCase));
}
