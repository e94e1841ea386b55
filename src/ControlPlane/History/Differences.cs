using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>Describes changes as text, such as "image: a → b". Pure functions.</summary>
internal static class Differences
{
    private const string None = "none";
    private const string DefaultAffinity = "the default";

    /// <summary>Maximum length of a value; longer ones are cut.</summary>
    private const int MaxValue = 200;

    /// <returns>Empty if nothing has changed.</returns>
    public static string Join(IEnumerable<string> changes) => string.Join("; ", changes.Where(c => c.Length > 0));

    /// <param name="before">Null if there was no value before; then only the new value is given.</param>
    /// <returns>Empty if the values are equal.</returns>
    public static string Of(string what, string? before, string after) =>
        before is null
            ? (after.Length > 0 ? $"{what}: {Value(after)}" : "")
            : (before == after ? "" : $"{what}: {Value(before)} → {Value(after)}");

    public static IEnumerable<string> Of(WorkspaceSpec before, WorkspaceSpec after) =>
        [
            Of("image", before.Image, after.Image),
            Of("CPU", before.Cpu, after.Cpu),
            Of("memory", before.Memory, after.Memory),
            Of("disk", before.Disk, after.Disk),
            Of("command", string.Join(' ', before.Command), string.Join(' ', after.Command)),
            .. Of("environment", before.Env, after.Env),
            Of("environment from secrets", string.Join(' ', before.EnvFrom), string.Join(' ', after.EnvFrom)),
        ];

    public static IEnumerable<string> Of(WorkspaceDetails? before, WorkspaceDetails after) =>
        [
            Of("tolerations", before is null ? null : Words(before.Tolerations), Words(after.Tolerations)),
            .. Of("node selector", before?.NodeSelector, after.NodeSelector),
            Of(
                "affinity",
                before is null ? null : before.Affinity ?? DefaultAffinity,
                after.Affinity ?? (before is null ? "" : DefaultAffinity)
            ),
            .. Of("service account annotation", before?.ServiceAccountAnnotations, after.ServiceAccountAnnotations),
            Of(
                "image pull secrets",
                before is null ? null : string.Join(' ', before.ImagePullSecrets),
                string.Join(' ', after.ImagePullSecrets)
            ),
        ];

    /// <summary>Compares maps entry by entry.</summary>
    public static IEnumerable<string> Of(
        string what,
        ImmutableSortedDictionary<string, string>? before,
        ImmutableSortedDictionary<string, string> after
    ) =>
        before is null
            ? after.Select(e => $"{what} {e.Key}: {Entry(e.Value)}")
            : before
                .Keys.Union(after.Keys)
                .Order(StringComparer.Ordinal)
                .Select(key => Entry($"{what} {key}", before.GetValueOrDefault(key), after.GetValueOrDefault(key)));

    private static string Entry(string what, string? before, string? after) =>
        before == after ? "" : $"{what}: {Entry(before)} → {Entry(after)}";

    private static string Entry(string? value) =>
        value is null ? None
        : value.Length == 0 ? "\"\""
        : Value(value);

    private static string Value(string value) =>
        value.Length == 0 ? None
        : value.Length > MaxValue ? $"{Cut.To(value, MaxValue)}…"
        : value;

    private static string Words(ImmutableArray<Toleration> tolerations) =>
        string.Join(
            ", ",
            tolerations.Select(t =>
                $"{t.Key}{(t.Value.Length > 0 ? $"={t.Value}" : "")}{(t.Effect.Length > 0 ? $":{t.Effect}" : "")}{(t.Seconds is { } s ? $" for {s} s" : "")}"
            )
        );
}
