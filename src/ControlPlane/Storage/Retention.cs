namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>How long rows besides the streams are kept, as intervals of PostgreSQL.</summary>
internal static class Retention
{
    public const string Feed = "24 hours";

    /// <summary>
    /// A starting replica reads only rows of the feed that will not be trimmed for this long, so that none is deleted
    /// before it is read.
    /// </summary>
    public const string FeedReplayMargin = "1 hour";

    public const string RequestIds = "24 hours";

    public const string Replicas = "30 days";

    public const string AccessLog = "90 days";
}
