using System.Globalization;
using Coder.Mesh.Cli.Providers;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Formats workspaces for people.</summary>
internal static class WorkspaceText
{
    /// <summary>Formats the state, with its code if there is a problem: "failed (image_pull_failed)".</summary>
    public static string Word(Workspace w) => InBrackets(Text.Word(Shown(w)), Code(w));

    /// <summary>
    /// Formats the state and its age: "running (last reported 8m ago; provider us-east-1 is in error)".
    /// </summary>
    /// <param name="time">Null to show a time instead of an age, for output that is not updated.</param>
    public static string State(Workspace w, TimeProvider? time) =>
        InBrackets(Text.Word(Shown(w)), Code(w), LastReport(w, time), w.Summary?.Reason ?? "");

    /// <summary>Returns the state to show; older control planes send only the reported state.</summary>
    private static WorkspaceState Shown(Workspace w) => w.Summary?.State ?? w.State;

    // The code belongs to the reported state.
    private static string Code(Workspace w) => Shown(w) == w.State ? w.StateCode : "";

    private static string LastReport(Workspace w, TimeProvider? time)
    {
        if (w.Summary?.LastReportTime is not { } at)
            return "";
        var what = Shown(w) == w.State ? "last reported" : $"last reported {Text.Word(w.State)}";
        return time is null ? $"{what} at {Text.Instant(at)}" : $"{what} {Text.Age(at, time)} ago";
    }

    private static string InBrackets(string word, params string[] notes)
    {
        var given = string.Join("; ", notes.Where(n => n.Length > 0));
        return given.Length > 0 ? $"{word} ({given})" : word;
    }

    /// <summary>
    /// Describes what the workspace waits for, if its provider is not ready or its agent is not connected. Otherwise,
    /// the change is applied soon.
    /// </summary>
    public static string[] Waits(Workspace w) =>
        w.Summary is { WaitingFor.Length: > 0, Reason.Length: > 0 } summary && summary.WaitingFor != Attached(w)
            ? [$"waiting for: {summary.WaitingFor}"]
            : [];

    // The text of the control plane if the agent is connected and will act soon.
    private static string Attached(Workspace w) => $"the agent of provider {w.Provider}";

    public static Fields Facts(Workspace w, TimeProvider time) =>
        new Fields()
            .Add("Name", w.Name)
            .Add("Id", w.Id)
            .Add("State", State(w, time))
            .AddIfAny("Waiting for", w.Summary?.WaitingFor ?? "")
            .AddIfAny("Reported", Shown(w) == w.State ? "" : Text.Word(w.State))
            .AddIfAny("Message", w.StateMessage)
            .Add("Since", Text.Moment(w.StateTime, time))
            .Add("Desired", Text.Word(w.DesiredState))
            .Add("Generation", Generation(w))
            .Add("Provider", w.Provider)
            .Add("Organization", w.Organization)
            .Add("Owner", w.Owner)
            .AddIfAny("Owner's e-mail", w.OwnerEmail)
            .Add("Image", w.Spec?.Image)
            .Add("CPU", w.Spec?.Cpu)
            .Add("Memory", w.Spec?.Memory)
            .Add("Disk", Disk(w, time))
            .AddIfAny("Command", string.Join(' ', w.Spec?.Command ?? []))
            .AddIfAny("Environment", Environment(w.Spec))
            .AddIfAny("From secrets", string.Join(", ", w.Spec?.EnvFrom ?? []))
            .AddDetails(w.Details)
            .Add("Created", Text.Moment(w.CreateTime, time));

    /// <summary>Formats the state for lists, with a note for some days after the disk was recreated.</summary>
    /// <param name="ages">Whether to show ages, for output that is updated.</param>
    public static string StateAndDisk(Workspace w, TimeProvider time, bool ages)
    {
        var state = State(w, ages ? time : null);
        return
            w.VolumeCreatedAnewTime is { } anew && time.GetUtcNow() - anew.ToDateTimeOffset() < VolumeNotices.ShownFor
            ? $"{state}, disk recreated"
            : state;
    }

    private static string Disk(Workspace w, TimeProvider time) =>
        w.VolumeCreatedAnewTime is { } anew
            ? $"{w.Spec?.Disk}, recreated {Text.Moment(anew, time)}: empty unless restored since"
            : w.Spec?.Disk ?? "";

    private static string Environment(WorkspaceSpec? spec) =>
        string.Join(
            ", ",
            (spec?.Env ?? []).OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}={e.Value}")
        );

    private static string Generation(Workspace w) =>
        w.ObservedGeneration == w.Generation || w.State is WorkspaceState.Deleted or WorkspaceState.Lost
            ? w.Generation.ToString(CultureInfo.InvariantCulture)
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{w.Generation} (observed: {w.ObservedGeneration}; the last change is still being applied)"
            );
}
