namespace Coder.Mesh.Tests.Support.Network;

/// <summary>What becomes of the bytes that go one way.</summary>
public abstract record Fault
{
    private Fault() { }

    /// <summary>They arrive as they were sent.</summary>
    public static Fault None { get; } = new Nothing();

    /// <summary>
    /// They vanish, and so does the news that their sender hung up: a half-open connection. What has lost a byte stays
    /// so, whatever is set afterwards, for no network delivers a stream with a hole in it.
    /// </summary>
    public static Fault Swallow { get; } = new Swallowing();

    /// <summary>Each arrives that much later; order is kept.</summary>
    public static Fault Delay(TimeSpan by) => new Delaying(by);

    /// <summary>So many more arrive, then both ends see the connection reset.</summary>
    public static Fault ResetAfter(long bytes) => new Resetting(bytes);

    internal sealed record Nothing : Fault;

    internal sealed record Swallowing : Fault;

    internal sealed record Delaying(TimeSpan By) : Fault;

    internal sealed record Resetting(long Bytes) : Fault;
}
