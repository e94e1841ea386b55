using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>
/// Finds options with an empty value, as in <c>--region=</c> or <c>--image "$IMAGE"</c> with an unset variable. This is
/// an error, unless an empty value clears something.
/// </summary>
internal static class EmptyValues
{
    /// <summary>The options that an empty value clears, by command.</summary>
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
    /// Works around System.CommandLine 3.0, which ignores the equals sign of <c>--region=</c>: it reports a missing
    /// argument, or uses the next word as the value.
    /// </summary>
    /// <returns>The same command line, with <c>--region=</c> as the two words <c>--region</c> and an empty
    /// one.</returns>
    public static string[] Split(IReadOnlyList<string> words)
    {
        // Words after -- are never options.
        var end = words.TakeWhile(word => word != "--").Count();
        return
        [
            .. words.Take(end).SelectMany<string, string>(word => IsEmpty(word) ? [word[..^1], ""] : [word]),
            .. words.Skip(end),
        ];
    }

    /// <param name="line">The command line.</param>
    /// <param name="path">The full name of the command.</param>
    /// <returns>The first option whose value must not be empty; null if there is none.</returns>
    public static Option? Wrong(ParseResult line, string path) =>
        Options(line.CommandResult.Command)
            .FirstOrDefault(option =>
                HasEmpty(line, option) && !Clearing.GetValueOrDefault(path, []).Contains(option.Name)
            );

    // Words of a command after the first may be empty: `sh -c ''`.
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
