namespace Coder.Mesh.ControlPlane.Observability;

/// <summary>Tells requests of the management port by the socket they came in on, which no header can claim.</summary>
internal sealed class ManagementPort
{
    /// <summary>Known once the server listens; until then no request comes.</summary>
    public int Port { get; set; }

    public bool Serves(HttpContext context) => context.Connection.LocalPort == Port;
}
