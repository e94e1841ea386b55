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
    /// Characters of descriptions that are kept of one snapshot, 400 for each of 10,000 workspaces. What comes after is
    /// held without one: whoever adopts it has to say what it is.
    /// </summary>
    private const int MaxCharacters = 4_000_000;

    /// <summary>Of one: more than any workspace has, and an orphan must fit into an answer.</summary>
    private const int MaxCharactersOfOne = 200_000;

    private Dictionary<string, Held> _held = [];
    private int _room = MaxCharacters;

    public int Count => _held.Count;

    /// <exception cref="ProtocolException">The report is none.</exception>
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

    /// <summary>All that was added; the next snapshot begins empty.</summary>
    public IReadOnlyDictionary<string, Held> Take()
    {
        var held = _held;
        (_held, _room) = ([], MaxCharacters);
        return held;
    }

    // What was never given out stands in an annotation that somebody has edited: it counts as none.
    private static long Number(ulong? reported) => reported is { } n and <= Generations.MaxReported ? (long)n : 0;

    private Held Described(Agent.V1.HeldWorkspace? held)
    {
        var spec = held?.Spec ?? new Coder.Mesh.V1.WorkspaceSpec();
        // The only character that the store can't keep; line feeds and the like are a command's own. Whoever adopts the
        // workspace has to say what it is.
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

    // As for an annotation that somebody has edited: whoever adopts the workspace has to say how large it is.
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
