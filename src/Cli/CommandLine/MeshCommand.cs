using System.CommandLine;
using Coder.Mesh.Cli.Rendering;

namespace Coder.Mesh.Cli.CommandLine;

/// <summary>A command with examples, which its help shows last.</summary>
internal sealed class MeshCommand(string name, string description, params string[] examples)
    : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Whether something is lost for good by it; it then asks first.</summary>
    public bool Destructive => Options.Any(o => o.Name == YesOption.Name);

    /// <summary>What it can print alone, a line for each that it lists; empty if it is no such list.</summary>
    public IReadOnlyList<OutputFormat> Alone { get; private set; } = [];

    /// <param name="alone">Names, ids, or both where none is given.</param>
    public MeshCommand AsList(params OutputFormat[] alone)
    {
        Alone = alone.Length > 0 ? alone : [OutputFormat.Name, OutputFormat.Id];
        return this;
    }
}
