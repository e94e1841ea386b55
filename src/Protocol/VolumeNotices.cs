namespace Coder.Mesh.Protocol;

/// <summary>How long users are informed that a home disk was replaced by a new, empty one.</summary>
public static class VolumeNotices
{
    /// <summary>
    /// Time for which lists and providers show it. The workspace itself shows it as long as it exists.
    /// </summary>
    public static readonly TimeSpan ShownFor = TimeSpan.FromDays(7);
}
