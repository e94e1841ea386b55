using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests;

/// <summary>docs/cli.md says what the program does.</summary>
public sealed partial class DocumentTests
{
    private static readonly string PagePath = Path.Combine(RepoRoot(), "docs", "cli.md");
    private static readonly string Page = File.ReadAllText(PagePath);

    [Fact]
    public void Every_command_is_documented_and_no_other() =>
        Assert.Equal(Leaves("mesh", Tree.Make()).Select(l => l.Path).Order(), Documented().Distinct().Order());

    [Fact]
    public void Reference_is_what_the_commands_say() => Generated("commands", Reference.Commands(Tree.Make()));

    [Fact]
    public void Exit_codes_are_those_of_the_program() => Generated("exit codes", Reference.Exits());

    [Fact]
    public void Every_exit_code_means_one_thing()
    {
        var codes = typeof(Errors.ExitCodes)
            .GetFields()
            .Where(f => f.FieldType == typeof(int))
            .Select(f => (int)f.GetRawConstantValue()!)
            .ToList();

        Assert.Equal(codes, codes.Distinct());
        Assert.Equal(codes, Errors.ExitCodes.All.Select(c => c.Code));
    }

    [Fact]
    public void Variables_that_the_program_reads_are_documented() =>
        Assert.All(
            new[] { Address.Variable, Token.Variable, ContextChoice.Variable, DefaultOrganization.Variable },
            variable => Assert.Contains($"`{variable}`", Page, StringComparison.Ordinal)
        );

    /// <summary>A part of the page that is written by the program: UPDATE_EXPECTED=1 writes it anew.</summary>
    private static void Generated(string what, string text)
    {
        var (begin, end) = ($"<!-- generated: {what} -->\n", $"<!-- end of {what} -->");
        var page = File.ReadAllText(PagePath);
        var (from, to) = (page.IndexOf(begin, StringComparison.Ordinal), page.IndexOf(end, StringComparison.Ordinal));
        Assert.True(from >= 0 && to > from, $"docs/cli.md has no place for {what}");
        from += begin.Length;
        if (Environment.GetEnvironmentVariable("UPDATE_EXPECTED") == "1")
            File.WriteAllText(PagePath, page[..from] + text + page[to..]);
        else
            Assert.Equal(text, page[from..to]);
    }

    private static IEnumerable<(string Path, Command Command)> Leaves(string path, Command command) =>
        command.Subcommands.Count == 0
            ? [(path, command)]
            : command.Subcommands.SelectMany(c => Leaves($"{path} {c.Name}", c));

    // A row names a command, or several that differ in their last word: "mesh orgs allow\|disallow ORG PROVIDER".
    private static IEnumerable<string> Documented() =>
        Row()
            .Matches(Page)
            .SelectMany(row =>
                row.Groups["last"].Value.Split("\\|").Select(last => $"mesh {row.Groups["nouns"]}{last}")
            );

    private static string RepoRoot([CallerFilePath] string path = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));

    [GeneratedRegex(@"(?m)^\| `mesh (?<nouns>([a-z-]+ )*)(?<last>[a-z|\\-]+)[ `]")]
    private static partial Regex Row();
}
