namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>The meter of all metrics of the control plane.</summary>
internal static class Meters
{
    public const string Name = "Coder.Mesh.ControlPlane";
}
