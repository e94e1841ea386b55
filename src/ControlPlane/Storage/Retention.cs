namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>How long rows beside the streams are kept, as intervals of PostgreSQL.</summary>
internal static class Retention
{
    public const string Feed = "24 hours";

    /// <summary>
    /// A replica that starts reads the feed again only as far back as rows stay for this long, so that none is deleted before it
    /// is read.
    /// </summary>
    public const string FeedReplayMargin = "1 hour";

    public const string RequestIds = "24 hours";

    public const string Replicas = "30 days";

    public const string AccessLog = "90 days";
}
