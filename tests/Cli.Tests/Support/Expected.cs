using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Coder.Mesh.Cli.Tests.Support;

/// <summary>
/// Runs of `mesh` as text, kept under Expected/. UPDATE_EXPECTED=1 writes them anew, to be read in the diff.
/// </summary>
internal static partial class Expected
{
    public static void Match(string name, string transcript)
    {
        var path = Path.Combine(ProjectFolder(), "Expected", $"{name}.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_EXPECTED") == "1")
        {
            File.WriteAllText(path, transcript);
            return;
        }

        Assert.True(File.Exists(path), $"{path} is missing; UPDATE_EXPECTED=1 writes it");
        Assert.Equal(File.ReadAllText(path), transcript);
    }

    public static IReadOnlyList<(string Name, string Text)> All() =>
        [
            .. Directory
                .GetFiles(Path.Combine(ProjectFolder(), "Expected"), "*.txt")
                .Order(StringComparer.Ordinal)
                .Select(path => (Path.GetFileNameWithoutExtension(path), File.ReadAllText(path))),
        ];

    /// <summary>The whole run, without what differs each time: the times and the masked texts.</summary>
    public static string Transcript(
        IEnumerable<string> arguments,
        MeshRun run,
        params (string Text, string Name)[] masks
    )
    {
        var text = new StringBuilder(Full(arguments, run));
        foreach (var (what, mask) in masks)
            text.Replace(what, mask);
        return Times().Replace(text.ToString(), "<time>");
    }

    /// <summary>The whole run as it was.</summary>
    public static string Full(IEnumerable<string> arguments, MeshRun run)
    {
        var text = new StringBuilder().Append("$ mesh");
        foreach (var argument in arguments)
            text.Append(' ').Append(Typed(argument));
        text.Append('\n').Append(run.Stdout);
        if (run.Stderr.Length > 0)
            text.Append("--- stderr\n").Append(run.Stderr);
        return text.Append("--- exit ").Append(run.ExitCode).Append('\n').ToString();
    }

    private static string Typed(string argument) =>
        argument.Length == 0 || argument.Contains(' ', StringComparison.Ordinal) ? $"'{argument}'" : argument;

    private static string ProjectFolder([CallerFilePath] string path = "") =>
        Path.GetDirectoryName(Path.GetDirectoryName(path))!;

    [GeneratedRegex(@"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?Z")]
    public static partial Regex Times();
}
