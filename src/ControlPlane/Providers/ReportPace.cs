namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>
/// How often what an agent reports is stored, beyond changes of its provider's status: some times at once, then only now and
/// then, with the latest report in place of all before it. Pure.
/// </summary>
internal readonly record struct ReportPace
{
    /// <summary>Reports that are stored at once…</summary>
    public const int Burst = 10;

    /// <summary>…after which there is room for one more after each such time.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // When there is room for the whole burst again.
    private readonly DateTimeOffset _full;

    private ReportPace(DateTimeOffset full) => _full = full;

    /// <summary>How long the next report has to wait.</summary>
    public TimeSpan Wait(DateTimeOffset at)
    {
        var wait = _full - at - ((Burst - 1) * Interval);
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    /// <summary>After one more that was stored, in its turn or because it could not wait.</summary>
    public ReportPace Stored(DateTimeOffset at)
    {
        var (next, most) = ((_full > at ? _full : at) + Interval, at + (Burst * Interval));
        return new ReportPace(next < most ? next : most);
    }
}
