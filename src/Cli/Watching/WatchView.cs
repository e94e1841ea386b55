using System.CommandLine;
using Coder.Mesh.Cli.Rendering;
using Google.Protobuf;

namespace Coder.Mesh.Cli.Watching;

/// <summary>Formats watched resources of one kind.</summary>
/// <param name="Kind">The name of the field in data, such as "provider".</param>
/// <param name="Id">Returns the id of a resource.</param>
/// <param name="Order">Sorts them as a list does.</param>
/// <param name="Tabulate">Formats all of them as a table.</param>
/// <param name="Headers">The headers of rows for single changes, without ages.</param>
/// <param name="Cells">Formats such a row.</param>
internal sealed record WatchView<T>(
    string Kind,
    Func<T, string> Id,
    Func<IEnumerable<T>, IEnumerable<T>> Order,
    Func<IEnumerable<T>, Table> Tabulate,
    IReadOnlyList<string> Headers,
    Func<T, string[]> Cells
)
    where T : IMessage;

/// <summary>The option `--watch`.</summary>
internal static class WatchOption
{
    public static Option<bool> Make() =>
        new("--watch")
        {
            Description = "Show changes until Ctrl-C: a live table on a terminal, a line for each change elsewhere",
        };
}
