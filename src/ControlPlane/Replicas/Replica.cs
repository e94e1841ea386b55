namespace Coder.Mesh.ControlPlane.Replicas;

/// <summary>Identity of this process among the replicas; its id is random for each start.</summary>
internal sealed class Replica
{
    public string Id { get; } = Guid.NewGuid().ToString("n");
}
