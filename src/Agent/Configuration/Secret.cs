namespace Coder.Mesh.Agent.Configuration;

/// <summary>A value that is not revealed by logs, errors or string interpolation.</summary>
internal sealed class Secret(string value)
{
    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
