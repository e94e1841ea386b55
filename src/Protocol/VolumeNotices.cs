namespace Coder.Mesh.Protocol;

/// <summary>How long people are told that a home disk was created anew, and so is empty.</summary>
public static class VolumeNotices
{
    /// <summary>In lists and on providers; the workspace itself tells the time for as long as it lives.</summary>
    public static readonly TimeSpan ShownFor = TimeSpan.FromDays(7);
}
