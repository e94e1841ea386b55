using System.Globalization;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>A place in the feed: everything up to it has been read.</summary>
internal readonly record struct FeedPosition(ulong TransactionId, long RowId) : IComparable<FeedPosition>
{
    /// <summary>Where whatever a transaction and all later ones write is still to come.</summary>
    public static FeedPosition Before(ulong transactionId) => new(transactionId - 1, long.MaxValue);

    public static bool operator <(FeedPosition a, FeedPosition b) => a.CompareTo(b) < 0;

    public static bool operator >(FeedPosition a, FeedPosition b) => a.CompareTo(b) > 0;

    public static bool operator <=(FeedPosition a, FeedPosition b) => a.CompareTo(b) <= 0;

    public static bool operator >=(FeedPosition a, FeedPosition b) => a.CompareTo(b) >= 0;

    public int CompareTo(FeedPosition other) =>
        TransactionId == other.TransactionId
            ? RowId.CompareTo(other.RowId)
            : TransactionId.CompareTo(other.TransactionId);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{TransactionId}.{RowId}");
}

/// <summary>One changed stream of one save.</summary>
/// <param name="Replica">The one that has written it; null if a version did that didn't tell yet.</param>
internal sealed record FeedRow(FeedPosition Position, string Stream, long Before, long After, string? Replica);
