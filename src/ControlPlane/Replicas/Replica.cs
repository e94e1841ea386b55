namespace Coder.Mesh.ControlPlane.Replicas;

/// <summary>This process among the others: its id is random for each start.</summary>
internal sealed class Replica
{
    public string Id { get; } = Guid.NewGuid().ToString("n");
}
