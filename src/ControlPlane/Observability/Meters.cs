namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>The meter that all metrics of the control plane belong to.</summary>
internal static class Meters
{
    public const string Name = "Coder.Mesh.ControlPlane";
}
