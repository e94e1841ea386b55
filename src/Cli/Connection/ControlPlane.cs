namespace Coder.Mesh.Cli.Connection;

/// <summary>The control plane to call, for messages: without the secret.</summary>
/// <param name="Address">The address of the gRPC port.</param>
/// <param name="AddressOrigin">A description of where the address came from.</param>
/// <param name="TokenOrigin">A description of where the token came from.</param>
/// <param name="RequestTimeout">The maximum duration of one call.</param>
internal sealed record ControlPlane(Uri Address, string AddressOrigin, string TokenOrigin, TimeSpan RequestTimeout)
{
    /// <summary>Scheme, host and port of the address.</summary>
    public string Origin => Connection.Address.Origin(Address);
}
