namespace Coder.Mesh.Cli.Rendering;

/// <summary>Words for a POSIX shell, where a person pastes them.</summary>
internal static class Shell
{
    /// <summary>Quotes where it is needed: a path may hold anything.</summary>
    public static string Quote(string text) =>
        text.Length > 0
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or ':' or '=' or '@')
            ? text
            : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
