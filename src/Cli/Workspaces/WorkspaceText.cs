using System.Globalization;
using Coder.Mesh.Cli.Providers;
using Coder.Mesh.Cli.Rendering;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Workspaces;

/// <summary>Workspaces in words.</summary>
internal static class WorkspaceText
{
    /// <summary>The observed state, with its code where there is a problem: "failed (image_pull_failed)".</summary>
    public static string State(Workspace w)
    {
        var word = Text.Word(w.State);
        return w.StateCode.Length > 0 ? $"{word} ({w.StateCode})" : word;
    }

    public static Fields Facts(Workspace w, TimeProvider time) =>
        new Fields()
            .Add("Name", w.Name)
            .Add("Id", w.Id)
            .Add("State", State(w))
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
    public static string StateAndDisk(Workspace w, TimeProvider time) =>
        w.VolumeCreatedAnewTime is { } anew && time.GetUtcNow() - anew.ToDateTimeOffset() < VolumeNotices.ShownFor
            ? $"{State(w)}, disk created anew"
            : State(w);

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
