using System.CommandLine;
using System.Text.RegularExpressions;
using Coder.Mesh.Cli.Tests.Support;

namespace Coder.Mesh.Cli.Tests.CommandLine;

public sealed partial class HelpTests : IDisposable
{
    private readonly MeshProcess _mesh = new();

    public static TheoryData<string> Commands => [.. Paths("", Tree.Make())];

    public void Dispose() => _mesh.Dispose();

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_explains_itself_with_an_example(string command)
    {
        string[] arguments = [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"];

        var run = await _mesh.Run(arguments);

        Assert.Contains($"Examples:\n  mesh {command}".TrimEnd(), run.Stdout, StringComparison.Ordinal);
        Expected.Match($"help-{command.Replace(' ', '-')}", Expected.Transcript(arguments, run));
    }

    [Theory]
    [InlineData("usage-nothing")]
    [InlineData("usage-typo", "provders", "ls")]
    [InlineData("usage-typo-leaf", "workspaces", "strat", "dev")]
    [InlineData("usage-extra", "providers", "ls", "extra")]
    [InlineData("usage-extra-letter", "workspaces", "show", "a", "b")]
    [InlineData("usage-word", "providers", "ls", "--status", "redy")]
    [InlineData("usage-format", "providers", "ls", "-o", "xml")]
    [InlineData("usage-duration", "providers", "ls", "--request-timeout", "soon")]
    public async Task Bad_command_line_says_what_is_wrong_and_what_was_meant(string name, params string[] arguments) =>
        Expected.Match(name, Expected.Transcript(arguments, await _mesh.Run(arguments)));

    [Theory]
    [InlineData("version")]
    [InlineData("--version")]
    public async Task Version_is_one_line(string argument)
    {
        var run = await _mesh.Run(argument);

        Assert.Equal((0, ""), (run.ExitCode, run.Stderr));
        Assert.Matches(VersionLine(), run.Stdout);
    }

    private static IEnumerable<string> Paths(string path, Command command) =>
        command.Subcommands.SelectMany(c => Paths($"{path} {c.Name}".Trim(), c)).Prepend(path);

    [GeneratedRegex(@"\Amesh \d+\.\d+\.\d+\S*( \([0-9a-f]+\))?\n\z")]
    private static partial Regex VersionLine();
}
