using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>A command with examples in its help.</summary>
internal sealed class MeshCommand(string name, string description, params string[] examples)
    : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Whether it is destructive and asks for a confirmation.</summary>
    public bool Destructive => Options.Any(o => o.Name == YesOption.Name);

    /// <summary>The formats with one word per line that it supports; empty if it is no list.</summary>
    public IReadOnlyList<OutputFormat> Alone { get; private set; } = [];

    /// <param name="alone">Names or ids; both if none is given.</param>
    public MeshCommand AsList(params OutputFormat[] alone)
    {
        Alone = alone.Length > 0 ? alone : [OutputFormat.Name, OutputFormat.Id];
        return this;
    }

    /// <summary>The options that may have an empty value, which clears something.</summary>
    public IReadOnlyCollection<Option> Clearable { get; private set; } = [];

    public MeshCommand Clears(params Option[] options)
    {
        Clearable = options;
        return this;
    }
}
