using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests;

/// <summary>docs/cli.md names each command, each option and each exit code.</summary>
public sealed partial class DocumentTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(RepoRoot(), "docs", "cli.md"));

    [Fact]
    public void Every_command_is_documented_and_no_other() =>
        Assert.Equal(Leaves("mesh", Tree.Make()).Select(l => l.Path).Order(), Documented().Distinct().Order());

    [Fact]
    public void Every_option_is_documented()
    {
        var names = Leaves("mesh", Tree.Make())
            .SelectMany(l => l.Command.Options)
            .Concat(Tree.Make().Options)
            .Select(o => o.Name)
            .Where(n => n is not "--help")
            .Distinct();

        Assert.All(names, name => Assert.Matches($@"`?{Regex.Escape(name)}\b", Page));
    }

    [Fact]
    public void Every_exit_code_is_documented()
    {
        var codes = typeof(Errors.ExitCodes)
            .GetFields()
            .Where(f => f.FieldType == typeof(int))
            .Select(f => (int)f.GetRawConstantValue()!);

        Assert.All(codes, code => Assert.Matches($@"(?m)^\| ([0-9]+, )?{code}(, [0-9]+)? \|", Page));
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
