using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>What strings from agents and clusters are cut down to before anything keeps or shows them.</summary>
internal static class Strings
{
    /// <summary>In UTF-16 units.</summary>
    public const int MaxLength = 1024;

    public static string Clean(string text)
    {
        if (text.Length <= MaxLength && !text.Any(char.IsControl))
            return text;
        return string.Concat(Cut.To(text, MaxLength).Select(c => char.IsControl(c) ? ' ' : c));
    }
}
