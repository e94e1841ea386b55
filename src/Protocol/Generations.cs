namespace Coder.Mesh.Protocol;

/// <summary>Bounds of generations, which number the desired states of a workspace from 1.</summary>
/// <remarks>Objects in the cluster have them in annotations, which can be edited by hand to any number.</remarks>
public static class Generations
{
    /// <summary>Agents ignore annotations with a higher number.</summary>
    public const ulong Max = (1UL << 53) - 1;

    /// <summary>
    /// Highest reported generation that the control plane continues from if its own is lower. Lower than
    /// <see cref="Max"/>, so that later generations stay below that.
    /// </summary>
    public const ulong MaxReported = 1UL << 52;
}
