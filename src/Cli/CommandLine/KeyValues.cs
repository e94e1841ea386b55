using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Repeatable options of the form KEY=value.</summary>
internal static class KeyValues
{
    /// <param name="clearable">Whether an empty value is allowed, meaning an empty map.</param>
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
                result.AddError($"{name} {token.Value}: must be {helpName}.");
        });
        return option;
    }

    /// <summary>Reads the values by key; the last one wins.</summary>
    public static IReadOnlyDictionary<string, string> Read(ParseResult line, Option<string[]> option)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var given in (line.GetValue(option) ?? []).Where(g => g.Length > 0))
            values[given[..At(given)]] = given[(At(given) + 1)..];
        return values;
    }

    private static int At(string given) => given.IndexOf('=', StringComparison.Ordinal);
}
