using System.Globalization;
using System.Text;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.Load.Replicas;

namespace Coder.Mesh.Load.Watches;

internal sealed record WatchOptions
{
    public required string ControlPlane { get; init; }

    /// <summary>Watches of one workspace each, beside one of all.</summary>
    public required int Watches { get; init; }

    public required int Workspaces { get; init; }

    /// <summary>Per second.</summary>
    public required int Changes { get; init; }

    /// <summary>
    /// Changes at the same rate before any is measured: until the code that runs is compiled for good.
    /// </summary>
    public required TimeSpan WarmUp { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>Changes from the moment that a control plane which was killed answers again.</summary>
    public required TimeSpan AfterRestart { get; init; }
}

/// <param name="All">From the call of a change, which is before its commit, to the watch of all workspaces.</param>
/// <param name="AllAnswered">From its answer, which is after its commit; 0 where the watch was first.</param>
/// <param name="Single">From the call to the watches of one workspace each.</param>
/// <param name="SingleAnswered">From the answer to them.</param>
/// <param name="Changed">Changes that were acknowledged.</param>
/// <param name="Conflicts">Of them, those that met another one of the same workspace at the same time.</param>
/// <param name="AskedAgain">How often the control plane gave up (ABORTED), and was asked again.</param>
/// <param name="Missed">Versions that the watches should have told and have not.</param>
/// <param name="Cores">What the control plane used of processors, in cores.</param>
internal sealed record WatchFigures(
    Latency All,
    Latency AllAnswered,
    Latency Single,
    Latency SingleAnswered,
    int Changed,
    int Conflicts,
    int AskedAgain,
    int Missed,
    double Cores
);

/// <param name="Steady">Once it has run for a while.</param>
/// <param name="Restarted">From the first moments after a restart, with all watches coming back.</param>
internal sealed record WatchResult(
    MachineFacts Machine,
    WatchOptions Options,
    WatchFigures Steady,
    WatchFigures Restarted
)
{
    private const double Limit = 100;

    public bool Complete => Steady is { Missed: 0, All.Count: > 0 } && Restarted is { Missed: 0, All.Count: > 0 };

    public bool WithinBudget => Steady.All.P99 <= Limit && Steady.Single.P99 <= Limit;

    public string Table()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{"", -44}{"count", 8}{"p50 ms", 10}{"p99 ms", 10}{"max ms", 10}{"p99 limit", 11}"
        );
        Rows("", Steady, string.Create(CultureInfo.InvariantCulture, $"{Limit:0}"));
        Rows("restarted: ", Restarted, "");
        Line("", Steady, Options.Duration);
        Line("restarted: ", Restarted, Options.AfterRestart);
        text.Append(
            !Complete ? "INCOMPLETE"
            : WithinBudget ? "within all limits"
            : "NOT within all limits"
        );
        return text.ToString();

        void Rows(string when, WatchFigures figures, string limit)
        {
            Row($"{when}call to the watch of all", figures.All, limit);
            Row($"{when}answer to the watch of all", figures.AllAnswered, limit);
            Row($"{when}call to {Options.Watches} watches of one", figures.Single, limit);
            Row($"{when}answer to {Options.Watches} watches of one", figures.SingleAnswered, limit);
        }

        void Row(string name, Latency l, string limit) =>
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{name, -44}{l.Count, 8}{l.P50, 10:0.0}{l.P99, 10:0.0}{l.Max, 10:0.0}{limit, 11}"
            );

        void Line(string when, WatchFigures f, TimeSpan duration) =>
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{when}{f.Changed} changes in {duration.TotalSeconds:0} s, {f.Conflicts} beside another of the same workspace, {f.AskedAgain} asked again; {f.Missed} versions missed; control plane {f.Cores:0.00} cores"
            );
    }
}
