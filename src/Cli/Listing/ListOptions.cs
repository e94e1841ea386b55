using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.Listing;

/// <summary>Options of commands that list resources.</summary>
internal static class ListOptions
{
    public static readonly Option<bool> NoHeaders = new("--no-headers") { Description = "Omit the headers of tables" };

    /// <summary>
    /// Creates an option that accepts one value, several separated by commas, or several occurrences.
    /// </summary>
    /// <param name="name">The option's name.</param>
    /// <param name="description">Its description, to which the words are added.</param>
    /// <param name="values">The allowed values.</param>
    public static Option<string[]> Words<T>(string name, string description, params IReadOnlyList<T> values)
        where T : struct, Enum
    {
        string[] words = [.. values.Select(Text.Word)];
        var option = new Option<string[]>(name)
        {
            Description = $"{description}: {string.Join(", ", words)}; several separated by commas",
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
                result.AddError($"{option.Name} {word}: must be one of {string.Join(", ", words)}.");
        });
        return option;
    }

    /// <summary>Reads the distinct values that were given; none means any.</summary>
    public static IReadOnlyList<T> Values<T>(this ParseResult line, Option<string[]> option)
        where T : struct, Enum =>
        [
            .. (line.GetValue(option) ?? [])
                .SelectMany(words => words.Split(','))
                .Select(CommandLine.Words.Value<T>)
                .Distinct(),
        ];

    /// <summary>Splits them for a request: a single value uses the field that older control planes know.</summary>
    public static (T One, IEnumerable<T> Several) OneOrSeveral<T>(this IReadOnlyList<T> values)
        where T : struct, Enum => values.Count == 1 ? (values[0], []) : (default, values);

    // After "running," only the other values are suggested.
    private static IEnumerable<System.CommandLine.Completions.CompletionItem> Remaining(string[] words, string typed)
    {
        var before = typed[..(typed.LastIndexOf(',') + 1)];
        var given = before.Split(',');
        return words
            .Where(w => !given.Contains(w))
            .Select(w => new System.CommandLine.Completions.CompletionItem(before + w));
    }
}
