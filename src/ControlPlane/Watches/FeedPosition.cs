using System.Globalization;

namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>A position in the feed. Everything up to it has been read.</summary>
internal readonly record struct FeedPosition(ulong TransactionId, long RowId) : IComparable<FeedPosition>
{
    /// <summary>Returns the position before everything that the given and all later transactions write.</summary>
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
/// <param name="Replica">Id of the replica that wrote it; null if written by a version before this column
/// existed.</param>
internal sealed record FeedRow(FeedPosition Position, string Stream, long Before, long After, string? Replica);
