namespace Coder.Mesh.Cli.Rendering;

/// <summary>Formats words for a POSIX shell.</summary>
internal static class Shell
{
    /// <summary>Quotes a word if necessary.</summary>
    public static string Quote(string text) =>
        text.Length > 0
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '/' or ':' or '=' or '@')
            ? text
            : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
