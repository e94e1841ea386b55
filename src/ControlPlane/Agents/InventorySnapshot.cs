using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Orphans;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using WorkspaceObserved = Coder.Mesh.Agent.V1.WorkspaceObserved;

namespace Coder.Mesh.ControlPlane.Agents;

/// <summary>Gathers the parts of a snapshot.</summary>
internal sealed class InventorySnapshot
{
    /// <summary>
    /// Maximum number of characters of descriptions that are kept of one snapshot: 400 for each of 10,000 workspaces.
    /// Later workspaces are kept without a description, which then has to be given when one is adopted.
    /// </summary>
    private const int MaxCharacters = 4_000_000;

    /// <summary>
    /// Maximum size of one description, in characters: more than any valid one, and small enough for a response.
    /// </summary>
    private const int MaxCharactersOfOne = 200_000;

    private Dictionary<string, Held> _held = [];
    private int _room = MaxCharacters;

    public int Count => _held.Count;

    /// <exception cref="ProtocolException">The report is invalid.</exception>
    public void Add(WorkspaceObserved report)
    {
        var (applied, carried) = (Number(report.Generation), Number(report.Held?.Generation));
        var described = Described(report.Held);
        _held[report.WorkspaceId] = described with
        {
            Applied = applied,
            Carried = Math.Max(applied, carried),
            State = WorkspaceFrames.StateOf(report),
            Restarted = Number(report.Held?.RestartGeneration),
            WantsDesired = report.ResendDesired,
        };
    }

    /// <summary>Returns all that was added, and starts the next snapshot.</summary>
    public IReadOnlyDictionary<string, Held> Take()
    {
        var held = _held;
        (_held, _room) = ([], MaxCharacters);
        return held;
    }

    // A generation that was never assigned comes from an edited annotation, and is ignored.
    private static long Number(ulong? reported) => reported is { } n and <= Generations.MaxReported ? (long)n : 0;

    private Held Described(Agent.V1.HeldWorkspace? held)
    {
        var spec = held?.Spec ?? new Coder.Mesh.V1.WorkspaceSpec();
        // The only character that PostgreSQL cannot store. Without the description, it has to be given when the
        // workspace is adopted.
        var texts = spec.Command.Concat(spec.Env.Keys).Concat(spec.Env.Values).Concat(spec.EnvFrom);
        if (texts.Any(text => text.Contains('\0', StringComparison.Ordinal)))
            spec = new Coder.Mesh.V1.WorkspaceSpec();
        var described = new Held(
            0,
            0,
            ObservedState.Pending,
            held?.Name ?? "",
            new WorkspaceSpec(
                spec.Image,
                Quantity(spec.Cpu),
                Quantity(spec.Memory),
                Quantity(spec.Disk),
                [.. spec.Command]
            )
            {
                Env = spec.Env.ToImmutableSortedDictionary(StringComparer.Ordinal),
                EnvFrom = [.. spec.EnvFrom],
            },
            held?.StorageClass ?? ""
        );
        var characters = Characters(described);
        if (characters <= MaxCharactersOfOne)
            _room -= characters;
        return characters <= MaxCharactersOfOne && _room >= 0
            ? described
            : described with
            {
                Name = "",
                Spec = Nothing,
                StorageClass = "",
            };
    }

    // An edited annotation is ignored: the size then has to be given when the workspace is adopted.
    private static string Quantity(string text) => Quantities.Parse(text) is null ? "" : text;

    private static readonly WorkspaceSpec Nothing = new("", "", "", "", []);

    private static int Characters(Held held) =>
        held.Name.Length
        + held.Spec.Image.Length
        + held.Spec.Cpu.Length
        + held.Spec.Memory.Length
        + held.Spec.Disk.Length
        + held.Spec.Command.Sum(c => c.Length + 1)
        + held.Spec.Env.Sum(e => e.Key.Length + e.Value.Length + 2)
        + held.Spec.EnvFrom.Sum(s => s.Length + 1)
        + held.StorageClass.Length;
}
