using System.CommandLine;
using System.CommandLine.Parsing;
using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>The resources of a command for use in tips: quoted for a shell, or a placeholder.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Workspace">The workspace, with organization and owner if the command line has them.</param>
/// <param name="Organization">The organization.</param>
internal sealed record Subject(string Provider, string Workspace, string Organization)
{
    // The name of an adopted workspace, which differs from the argument.
    private const string NewName = "--name";

    /// <param name="line">The command line.</param>
    /// <param name="name">Null for the name on the command line, if there is exactly one.</param>
    /// <param name="organization">The default organization.</param>
    public static Subject Of(ParseResult line, string? name, string? organization)
    {
        var given = Value(line, DefaultOrganization.OptionName);
        var called = name ?? Argument(line, "name");
        var adopts = line.CommandResult.Command.Options.Any(o => o.Name == NewName);
        var workspace = Quoted(adopts ? Value(line, NewName) : called, "NAME");
        string[] scope =
        [
            .. given is null ? Array.Empty<string>() : [$" {DefaultOrganization.OptionName} {Shell.Quote(given)}"],
            .. Value(line, "--owner") is { } owner ? [$" --owner {Shell.Quote(owner)}"] : Array.Empty<string>(),
        ];
        return new Subject(
            Quoted(Argument(line, "provider") ?? called, "NAME"),
            workspace + string.Concat(scope),
            Quoted(given ?? organization, "ORGANIZATION")
        );
    }

    private static string? Argument(ParseResult line, string name) =>
        line.CommandResult.Children.OfType<ArgumentResult>().FirstOrDefault(a => a.Argument.Name == name)
            is { Tokens: [var one] }
            ? one.Value
            : null;

    private static string? Value(ParseResult line, string option) =>
        line.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(o => o.Option.Name == option)
            is { Implicit: false, Tokens: [var one] }
            ? one.Value
            : null;

    private static string Quoted(string? text, string placeholder) =>
        string.IsNullOrEmpty(text) ? placeholder : Shell.Quote(text);
}
