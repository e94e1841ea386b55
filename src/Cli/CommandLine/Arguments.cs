using System.CommandLine;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>Arguments of several commands. Each command has its own instance.</summary>
internal static class Arguments
{
    public static Argument<string> One(string description) => new("name") { Description = description };

    public static Argument<string[]> Several(string description) =>
        new("name") { Description = description, Arity = ArgumentArity.OneOrMore };
}
