namespace Coder.Mesh.Protocol;

/// <summary>Generations count the desired states of a workspace, one by one from 1.</summary>
/// <remarks>A cluster holds them in annotations, which anybody can edit: not every number there was given
/// out.</remarks>
public static class Generations
{
    /// <summary>An agent takes an annotation above this for none at all.</summary>
    public const ulong Max = (1UL << 53) - 1;

    /// <summary>
    /// The control plane goes on from a higher generation than its own up to this one. It leaves room below
    /// <see cref="Max"/> for those that are given out afterwards.
    /// </summary>
    public const ulong MaxReported = 1UL << 52;
}
