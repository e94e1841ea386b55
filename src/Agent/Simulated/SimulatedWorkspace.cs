using Coder.Mesh.Agent.Clusters;

namespace Coder.Mesh.Agent.Simulated;

/// <summary>One workspace of a simulated cluster.</summary>
/// <param name="Seen">What the driver reports of it.</param>
/// <param name="Due">When its next step is due; null if none is.</param>
/// <param name="Failures">The number of starts that failed.</param>
/// <param name="RestartGeneration">The restart generation of the latest start.</param>
/// <param name="Volume">Names its volume.</param>
/// <param name="Starts">The number of starts.</param>
/// <param name="Began">When the latest start or stop began.</param>
/// <param name="WaitsForRoom">It waits for another workspace to free capacity.</param>
/// <param name="WaitsUntil">When a start that waits fails; null if none waits.</param>
internal sealed record SimulatedWorkspace(
    ClusterWorkspace Seen,
    DateTimeOffset? Due,
    int Failures,
    ulong RestartGeneration,
    string Volume,
    int Starts,
    DateTimeOffset Began,
    bool WaitsForRoom = false,
    DateTimeOffset? WaitsUntil = null
)
{
    /// <summary>Names the pod of the latest start.</summary>
    public string Pod => $"{Volume}-{Starts}";
}
