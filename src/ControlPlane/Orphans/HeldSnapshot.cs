using System.Collections.Immutable;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Workspaces;
using WorkspaceObserved = Coder.Mesh.Agent.V1.WorkspaceObserved;

namespace Coder.Mesh.ControlPlane.Orphans;

/// <summary>Gathers the parts of a snapshot.</summary>
internal sealed class HeldSnapshot
{
    /// <summary>
    /// Characters of descriptions that are kept of one snapshot, 400 for each of 10,000 workspaces. What comes after is
    /// held without one: whoever adopts it has to say what it is.
    /// </summary>
    private const int MostCharacters = 4_000_000;

    private Dictionary<string, Held> _held = [];
    private int _room = MostCharacters;

    public int Count => _held.Count;

    /// <exception cref="ProtocolException">The report is none.</exception>
    public void Add(WorkspaceObserved report)
    {
        var (applied, carried) = (report.Generation, report.Held?.Generation ?? 0);
        if (carried >= long.MaxValue)
            throw new ProtocolException("held.generation: must be below 2^63 - 1");
        if (report.Held?.RestartGeneration >= long.MaxValue)
            throw new ProtocolException("held.restart_generation: must be below 2^63 - 1");
        var described = Described(report.Held);
        _held[report.WorkspaceId] = described with
        {
            Applied = (long)applied,
            Carried = (long)Math.Max(applied, carried),
            State = WorkspaceFrames.StateOf(report),
            Restarted = (long)(report.Held?.RestartGeneration ?? 0),
        };
    }

    /// <summary>All that was added; the next snapshot begins empty.</summary>
    public IReadOnlyDictionary<string, Held> Take()
    {
        var held = _held;
        (_held, _room) = ([], MostCharacters);
        return held;
    }

    private Held Described(Agent.V1.HeldWorkspace? held)
    {
        var spec = held?.Spec ?? new Coder.Mesh.V1.WorkspaceSpec();
        // The only character that the store can't keep; line feeds and the like are a command's own.
        var texts = spec.Command.Concat(spec.Env.Keys).Concat(spec.Env.Values).Concat(spec.EnvFrom);
        if (texts.Any(text => text.Contains('\0', StringComparison.Ordinal)))
            throw new ProtocolException("held.spec: command, env and env_from must not contain NUL");
        var described = new Held(
            0,
            0,
            ObservedState.Pending,
            Strings.Clean(held?.Name ?? ""),
            new WorkspaceSpec(
                Strings.Clean(spec.Image),
                Strings.Clean(spec.Cpu),
                Strings.Clean(spec.Memory),
                Strings.Clean(spec.Disk),
                [.. spec.Command]
            )
            {
                Env = spec.Env.ToImmutableSortedDictionary(StringComparer.Ordinal),
                EnvFrom = [.. spec.EnvFrom],
            },
            Strings.Clean(held?.StorageClass ?? "")
        );
        _room -= Characters(described);
        return _room >= 0 ? described : described with { Name = "", Spec = Nothing, StorageClass = "" };
    }

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
