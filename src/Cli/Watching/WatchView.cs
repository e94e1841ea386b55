using System.CommandLine;
using Coder.Mesh.Cli.Rendering;
using Google.Protobuf;

namespace Coder.Mesh.Cli.Watching;

/// <summary>How things of one kind are shown while they are watched.</summary>
/// <param name="Kind">What one is called in data, such as "provider".</param>
/// <param name="Id">Tells one from the others.</param>
/// <param name="Order">The order that a list of them has.</param>
/// <param name="Tabulate">All of them as they are now.</param>
/// <param name="Headers">Of a row that tells one change: what doesn't age by itself.</param>
/// <param name="Cells">Of such a row.</param>
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
            Description =
                "Go on telling what changes, until Ctrl-C: a live table on a terminal, elsewhere a line for each change",
        };
}
