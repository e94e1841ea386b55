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

    /// <summary>Changes at the same rate before any is measured: until the code that runs is compiled for good.</summary>
    public required TimeSpan WarmUp { get; init; }

    public required TimeSpan Duration { get; init; }
}

/// <param name="All">From the call of a change, which is before its commit, to the watch of all workspaces.</param>
/// <param name="AllAnswered">From its answer, which is after its commit; 0 where the watch was first.</param>
/// <param name="Single">From the call to the watches of one workspace each.</param>
/// <param name="SingleAnswered">From the answer to them.</param>
/// <param name="Changed">Changes that were acknowledged.</param>
/// <param name="Conflicts">Of them, those that met another one of the same workspace at the same time.</param>
/// <param name="AskedAgain">How often the control plane gave up (ABORTED), and was asked again.</param>
/// <param name="Missed">Versions that the watch of all should have told and has not, or told out of order.</param>
/// <param name="Cores">What the control plane used of processors, in cores.</param>
internal sealed record WatchResult(
    MachineFacts Machine,
    WatchOptions Options,
    Latency All,
    Latency AllAnswered,
    Latency Single,
    Latency SingleAnswered,
    int Changed,
    int Conflicts,
    int AskedAgain,
    int Missed,
    double Cores
)
{
    private const double Limit = 100;

    public bool Complete => Missed == 0 && All.Count > 0;

    public bool WithinBudget => All.P99 <= Limit && Single.P99 <= Limit;

    public string Table()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{"", -36}{"count", 8}{"p50 ms", 10}{"p99 ms", 10}{"max ms", 10}{"p99 limit", 11}"
        );
        Row("call to the watch of all", All);
        Row("answer to the watch of all", AllAnswered);
        Row($"call to {Options.Watches} watches of one", Single);
        Row($"answer to {Options.Watches} watches of one", SingleAnswered);
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"{Changed} changes in {Options.Duration.TotalSeconds:0} s, {Conflicts} beside another of the same workspace, {AskedAgain} asked again; {Missed} versions missed; control plane {Cores:0.00} cores"
        );
        text.Append(
            !Complete ? "INCOMPLETE"
            : WithinBudget ? "within all limits"
            : "NOT within all limits"
        );
        return text.ToString();

        void Row(string name, Latency l) =>
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{name, -36}{l.Count, 8}{l.P50, 10:0.0}{l.P99, 10:0.0}{l.Max, 10:0.0}{Limit, 11:0}"
            );
    }
}
