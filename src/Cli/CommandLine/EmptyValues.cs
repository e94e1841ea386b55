using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>
/// Options with an empty value, as in <c>--region=</c> or <c>--image "$IMAGE"</c> where the variable isn't set. It is an
/// error, since a command would do something else than was meant; only where it clears something it is a value.
/// </summary>
internal static class EmptyValues
{
    /// <summary>The options that an empty value clears, by the command's path; docs/cli.md tells what it does.</summary>
    private static readonly Dictionary<string, string[]> Clearing = new(StringComparer.Ordinal)
    {
        ["mesh contexts set"] = ["--org"],
        ["mesh providers update"] =
        [
            "--region",
            "--hostname",
            "--cluster-address",
            "--storage-class",
            "--max-workspaces",
            "--toleration",
            "--node-selector",
            "--affinity",
            "--service-account-annotation",
            "--image-pull-secret",
        ],
        ["mesh workspaces update"] = ["--command", "--env-from", "--owner-email"],
    };

    /// <summary>
    /// System.CommandLine 3.0 passes over the equals sign of <c>--region=</c>: it reports a missing argument, or takes the
    /// next word of the command line for the value.
    /// </summary>
    /// <returns>The same command line, with <c>--region=</c> as the two words <c>--region</c> and an empty one.</returns>
    public static string[] Split(IReadOnlyList<string> words)
    {
        // What follows is never an option.
        var end = words.TakeWhile(word => word != "--").Count();
        return
        [
            .. words.Take(end).SelectMany<string, string>(word => IsEmpty(word) ? [word[..^1], ""] : [word]),
            .. words.Skip(end),
        ];
    }

    /// <param name="line">The command line.</param>
    /// <param name="path">How the command is called.</param>
    /// <returns>The first option whose value is empty and must not be; null if there is none.</returns>
    public static Option? Wrong(ParseResult line, string path) =>
        Options(line.CommandResult.Command)
            .FirstOrDefault(option =>
                HasEmpty(line, option) && !Clearing.GetValueOrDefault(path, []).Contains(option.Name)
            );

    // Of an option that takes a command's words only the first has to be one: `sh -c ''` is a command.
    private static bool HasEmpty(ParseResult line, Option option) =>
        line.GetResult(option) is { } result
        && result
            .Tokens.Take(option.AllowMultipleArgumentsPerToken ? 1 : int.MaxValue)
            .Any(token => token.Value.Length == 0);

    private static IEnumerable<Option> Options(Command command) =>
        command.Options.Concat(
            command.Parents.OfType<Command>().SelectMany(parent => Options(parent).Where(o => o.Recursive))
        );

    private static bool IsEmpty(string word) =>
        word.StartsWith("--", StringComparison.Ordinal)
        && word.IndexOf('=', StringComparison.Ordinal) == word.Length - 1;
}
