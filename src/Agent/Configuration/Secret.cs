namespace Coder.Mesh.Agent.Configuration;

/// <summary>A value that no log, error or string interpolation shows.</summary>
internal sealed class Secret(string value)
{
    public string Reveal() => value;

    public override string ToString() => "(secret)";
}
