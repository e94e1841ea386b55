using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Listing;

/// <summary>Options that every command with a table takes.</summary>
internal static class ListOptions
{
    public static readonly Option<bool> NoHeaders = new("--no-headers")
    {
        Description = "Tables without their headers",
    };

    /// <summary>Makes an option of which one gives a value, several values with commas, or the option several times.</summary>
    /// <param name="name">The option's name.</param>
    /// <param name="description">What it does; the words are added.</param>
    /// <param name="values">The values that may be given.</param>
    public static Option<string[]> Words<T>(string name, string description, params IReadOnlyList<T> values)
        where T : struct, Enum
    {
        string[] words = [.. values.Select(Text.Word)];
        var option = new Option<string[]>(name)
        {
            Description = $"{description}: {string.Join(", ", words)}; several with commas, or once for each",
            HelpName = name.TrimStart('-'),
        };
        option.CompletionSources.Add(context => Remaining(words, context.WordToComplete));
        option.Validators.Add(result =>
        {
            foreach (
                var word in result
                    .Tokens.SelectMany(t => t.Value.Split(','))
                    .Where(w => !words.Contains(w, StringComparer.OrdinalIgnoreCase))
            )
                result.AddError($"{option.Name} {word}: write one of {string.Join(", ", words)}.");
        });
        return option;
    }

    /// <summary>The values that were given, each once; none means any.</summary>
    public static IReadOnlyList<T> Values<T>(this ParseResult line, Option<string[]> option)
        where T : struct, Enum =>
        [
            .. (line.GetValue(option) ?? [])
                .SelectMany(words => words.Split(','))
                .Select(CommandLine.Words.Value<T>)
                .Distinct(),
        ];

    /// <summary>One value goes into the field that every control plane knows, several into the one that takes several.</summary>
    public static (T One, IEnumerable<T> Several) OneOrSeveral<T>(this IReadOnlyList<T> values)
        where T : struct, Enum => values.Count == 1 ? (values[0], []) : (default, values);

    // After "running," comes what isn't there yet.
    private static IEnumerable<System.CommandLine.Completions.CompletionItem> Remaining(string[] words, string typed)
    {
        var before = typed[..(typed.LastIndexOf(',') + 1)];
        var given = before.Split(',');
        return words
            .Where(w => !given.Contains(w))
            .Select(w => new System.CommandLine.Completions.CompletionItem(before + w));
    }
}
