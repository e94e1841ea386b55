using System.CommandLine;
using Coder.Mesh.Cli.CommandLine;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.Cli.Listing;

/// <summary>The option `--sort-by`.</summary>
/// <param name="byDefault">The default order.</param>
/// <param name="orders">The names of orders, with their comparisons. Equal items keep the default order.</param>
internal sealed class SortOption<T>(string byDefault, params IReadOnlyList<(string Word, Comparison<T> Order)> orders)
{
    private Option<string>? _option;

    public Option<string> Option => _option ??= Make();

    public IEnumerable<T> Sorted(ParseResult line, IEnumerable<T> items)
    {
        var order = Order(byDefault);
        return line.GetValue(Option)?.ToLowerInvariant() is { } word && word != byDefault
            ? items.Order(Comparer<T>.Create(order)).Order(Comparer<T>.Create(Order(word)))
            : items.Order(Comparer<T>.Create(order));
    }

    public static Comparison<T> By(Func<T, string> key) => (a, b) => string.CompareOrdinal(key(a), key(b));

    /// <summary>Sorts the oldest first.</summary>
    public static Comparison<T> By(Func<T, Timestamp?> key) =>
        (a, b) => Nullable.Compare(key(a)?.ToDateTimeOffset(), key(b)?.ToDateTimeOffset());

    /// <summary>Sorts the largest number first.</summary>
    public static Comparison<T> By(Func<T, int> key) => (a, b) => key(b).CompareTo(key(a));

    // Tables show the creation time as AGE.
    private Comparison<T> Order(string word) => orders.Single(o => o.Word == (word == "age" ? "created" : word)).Order;

    private Option<string> Make()
    {
        string[] words = [.. orders.Select(o => o.Word)];
        var option = new Option<string>("--sort-by")
        {
            Description = $"Sort by one of: {string.Join(", ", words)} [default: {byDefault}]",
            HelpName = "column",
        };
        Words.Only(option, words, synonym: words.Contains("created") ? "age" : null);
        return option;
    }
}
