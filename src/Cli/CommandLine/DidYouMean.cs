using System.CommandLine;
using Coder.Mesh.Shared;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>
/// Suggests corrections for an unknown word: synonyms first, then names with a similar spelling. Destructive commands
/// are never suggested by spelling.
/// </summary>
internal static class DidYouMean
{
    // Names of commands in other tools, with those here, the most likely first.
    private static readonly Dictionary<string, string[]> Meanings = new(StringComparer.OrdinalIgnoreCase)
    {
        ["get"] = ["show", "ls"],
        ["describe"] = ["show"],
        ["inspect"] = ["show"],
        ["info"] = ["show"],
        ["view"] = ["show"],
        ["cat"] = ["show"],
        ["status"] = ["show"],
        ["read"] = ["show"],
        ["list"] = ["ls"],
        ["dir"] = ["ls"],
        ["ps"] = ["ls"],
        ["delete"] = ["rm"],
        ["remove"] = ["rm"],
        ["destroy"] = ["rm"],
        ["del"] = ["rm"],
        ["revoke"] = ["revoke-token", "rm"],
        ["new"] = ["create"],
        ["add"] = ["create"],
        ["make"] = ["create"],
        ["edit"] = ["update"],
        ["set"] = ["update"],
        ["change"] = ["update"],
        ["modify"] = ["update"],
        ["patch"] = ["update"],
        ["resize"] = ["update"],
        ["run"] = ["start"],
        ["up"] = ["start"],
        ["resume"] = ["start"],
        ["down"] = ["stop"],
        ["halt"] = ["stop"],
        ["pause"] = ["stop"],
        ["suspend"] = ["stop"],
        ["reboot"] = ["restart"],
        ["events"] = ["timeline", "history"],
        ["log"] = ["timeline", "history"],
        ["logs"] = ["timeline", "history"],
        ["history"] = ["timeline"],
        ["timeline"] = ["history"],
        ["drain"] = ["cordon"],
        ["disable"] = ["cordon"],
        ["enable"] = ["uncordon"],
        ["rotate"] = ["rotate-token"],
        ["default"] = ["set-default"],
        ["grant"] = ["allow"],
        ["permit"] = ["allow"],
        ["deny"] = ["disallow"],
        ["switch"] = ["use"],
        ["select"] = ["use"],
        ["auth"] = ["login"],
        ["signin"] = ["login"],
        ["signout"] = ["logout"],
        ["who"] = ["whoami"],
        ["me"] = ["whoami"],
        ["namespaces"] = ["providers"],
        ["clusters"] = ["providers"],
        ["teams"] = ["orgs"],
        ["keys"] = ["tokens"],
    };

    /// <param name="path">The full name of the command.</param>
    /// <param name="command">The command that was given the word.</param>
    /// <param name="word">The unknown word.</param>
    /// <returns>The suggestions; may be empty.</returns>
    public static IReadOnlyList<string> For(string path, Command command, string word)
    {
        if (word.StartsWith('-'))
            return ByLetters(word, Options(command));
        // Verb and noun in the wrong order: `mesh rm workspace dev`.
        if (Find(command, word) is { } misplaced)
            return [$"{path} {misplaced.Name}"];
        var meant = Meanings.GetValueOrDefault(word, []);
        var here = meant.Where(name => Find(command, name) is not null).ToList();
        if (here.Count > 0)
            return here;
        var below = Below(command, [word, .. meant]);
        return below.Count > 0
            ? below
            : ByLetters(
                word,
                command
                    .Subcommands.Where(c => c is not MeshCommand { Destructive: true })
                    .SelectMany(c => c.Aliases.Prepend(c.Name).Select(name => (name, c.Name)))
            );
    }

    public static Command? Find(Command command, string word) =>
        command.Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word));

    /// <summary>Finds the nouns for a verb without one, such as `mesh ls`, except for destructive commands.</summary>
    private static List<string> Below(Command command, string[] verbs) =>
        verbs
            .Select(verb =>
                command
                    .Subcommands.Where(noun => Find(noun, verb) is not (null or MeshCommand { Destructive: true }))
                    .Select(noun => $"{noun.Name} {Find(noun, verb)!.Name}")
                    .ToList()
            )
            .FirstOrDefault(found => found.Count > 0)
        ?? [];

    private static IEnumerable<(string, string)> Options(Command command) =>
        command
            .Options.Concat(Ancestors(command).SelectMany(parent => parent.Options.Where(o => o.Recursive)))
            .Where(o => !o.Hidden)
            .Select(o => (o.Name, o.Name));

    private static IEnumerable<Command> Ancestors(Command command) =>
        command.Parents.OfType<Command>().SelectMany(parent => Ancestors(parent).Prepend(parent));

    private static string[] ByLetters(string word, IEnumerable<(string Name, string Canonical)> names) =>
        [
            .. names
                .Select(n => (n.Canonical, Distance: Far(word, n.Name)))
                .Where(n => n.Distance is not null)
                .OrderBy(n => n.Distance)
                .Select(n => n.Canonical)
                .Distinct()
                .Take(3),
        ];

    /// <returns>Null if the spelling is too different for a typo.</returns>
    private static int? Far(string word, string name)
    {
        if (word.Trim('-').Length > 1 && name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            return 0;
        var distance = Nearest.Distance(word, name, exchange: 1);
        return distance <= Math.Max(1, Math.Min(word.Trim('-').Length, name.Trim('-').Length) / 3) ? distance : null;
    }
}
