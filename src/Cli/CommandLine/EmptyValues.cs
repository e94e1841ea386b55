using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>
/// Finds options with an empty value, as in <c>--region=</c> or <c>--image "$IMAGE"</c> with an unset variable. This is
/// an error, unless the option is in <see cref="MeshCommand.Clearable"/>.
/// </summary>
internal static class EmptyValues
{
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

    /// <returns>The first option whose value must not be empty; null if there is none.</returns>
    public static Option? Wrong(ParseResult line)
    {
        var command = line.CommandResult.Command;
        var clearable = command is MeshCommand known ? known.Clearable : [];
        return Options(command).Except(clearable).FirstOrDefault(option => HasEmpty(line, option));
    }

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
