using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Options that are given once for each KEY=value.</summary>
internal static class KeyValues
{
    /// <param name="clearable">An empty value is none, and so stands for an empty map.</param>
    public static Option<string[]> Option(
        string name,
        string[] aliases,
        string helpName,
        string description,
        bool clearable = false
    )
    {
        var option = new Option<string[]>(name, aliases) { Description = description, HelpName = helpName };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => !(clearable && t.Value.Length == 0) && At(t.Value) <= 0))
                result.AddError($"{name} {token.Value}: write {helpName}.");
        });
        return option;
    }

    /// <summary>By key; the last value given of a key counts.</summary>
    public static IReadOnlyDictionary<string, string> Read(ParseResult line, Option<string[]> option)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var given in (line.GetValue(option) ?? []).Where(g => g.Length > 0))
            values[given[..At(given)]] = given[(At(given) + 1)..];
        return values;
    }

    private static int At(string given) => given.IndexOf('=', StringComparison.Ordinal);
}
