using System.CommandLine;

namespace Coder.Mesh.Cli;

/// <summary>A command with examples, which its help shows last.</summary>
internal sealed class MeshCommand(string name, string description, params string[] examples)
    : Command(name, description)
{
    public IReadOnlyList<string> Examples => examples;

    /// <summary>Whether something is lost for good by it; it then asks first.</summary>
    public bool Destructive => Options.Any(o => o.Name == Confirmation.YesName);

    /// <summary>Whether it lists what has names, and so can print these alone.</summary>
    public bool ListsNames { get; private set; }

    public MeshCommand AsList()
    {
        ListsNames = true;
        return this;
    }
}
