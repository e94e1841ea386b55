namespace Coder.Mesh.Cli;

/// <summary>
/// Options that are given an empty value by an equals sign, as in <c>--region=</c>. System.CommandLine 3.0 passes over such a
/// sign: it reports a missing argument, or takes the next word of the command line for the value.
/// </summary>
internal static class EmptyValues
{
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

    private static bool IsEmpty(string word) =>
        word.StartsWith("--", StringComparison.Ordinal)
        && word.IndexOf('=', StringComparison.Ordinal) == word.Length - 1;
}
