using System.Globalization;
using Coder.Mesh.Cli.Providers;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Workspaces in words.</summary>
internal static class WorkspaceText
{
    /// <summary>The state in a word, with its code where there is a problem: "failed (image_pull_failed)".</summary>
    public static string Word(Workspace w) => InBrackets(Text.Word(Shown(w)), Code(w));

    /// <summary>
    /// The state and how sure it is: "running (last reported 8m ago; provider us-east-1 is in error)".
    /// </summary>
    /// <param name="time">Null where it is written once and stays: it then has the time itself, not how long ago it was.</param>
    public static string State(Workspace w, TimeProvider? time) =>
        InBrackets(Text.Word(Shown(w)), Code(w), LastReport(w, time), w.Summary?.Reason ?? "");

    /// <summary>As it is to be shown; what was reported, where an older control plane says no more.</summary>
    private static WorkspaceState Shown(Workspace w) => w.Summary?.State ?? w.State;

    // The code is that of the reported state.
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
    /// What it waits for, where its provider isn't ready or its agent is away; else what was asked for comes about by
    /// itself, and soon.
    /// </summary>
    public static string[] Waits(Workspace w) =>
        w.Summary is { WaitingFor.Length: > 0, Reason.Length: > 0 } summary && summary.WaitingFor != Attached(w)
            ? [$"waits for: {summary.WaitingFor}"]
            : [];

    // What the control plane says of an agent that is there and is about to act.
    private static string Attached(Workspace w) => $"the agent of provider {w.Provider}";

    public static Fields Facts(Workspace w, TimeProvider time) =>
        new Fields()
            .Add("Name", w.Name)
            .Add("Id", w.Id)
            .Add("State", State(w, time))
            .AddIfAny("Waits for", w.Summary?.WaitingFor ?? "")
            .AddIfAny("Reported", Shown(w) == w.State ? "" : Text.Word(w.State))
            .AddIfAny("Message", w.StateMessage)
            .Add("Since", Text.Moment(w.StateTime, time))
            .Add("Wanted", Text.Word(w.DesiredState))
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

    /// <summary>The state as lists tell it, and for some days that the disk is an empty one.</summary>
    /// <param name="ages">Whether it is written again and again, so that it may say how long ago something was.</param>
    public static string StateAndDisk(Workspace w, TimeProvider time, bool ages)
    {
        var state = State(w, ages ? time : null);
        return
            w.VolumeCreatedAnewTime is { } anew && time.GetUtcNow() - anew.ToDateTimeOffset() < VolumeNotices.ShownFor
            ? $"{state}, disk created anew"
            : state;
    }

    private static string Disk(Workspace w, TimeProvider time) =>
        w.VolumeCreatedAnewTime is { } anew
            ? $"{w.Spec?.Disk}, created anew {Text.Moment(anew, time)}: empty, unless somebody has restored it"
            : w.Spec?.Disk ?? "";

    private static string Environment(WorkspaceSpec? spec) =>
        string.Join(
            ", ",
            (spec?.Env ?? []).OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => $"{e.Key}={e.Value}")
        );

    private static string Generation(Workspace w) =>
        w.ObservedGeneration == w.Generation
            ? w.Generation.ToString(CultureInfo.InvariantCulture)
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{w.Generation} (the state is of {w.ObservedGeneration}: the last wish is still under way)"
            );
}
