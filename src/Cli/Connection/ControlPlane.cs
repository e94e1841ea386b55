namespace Coder.Mesh.Cli.Connection;

/// <summary>Where calls go and as whom: all but the secret, so that errors can name it.</summary>
/// <param name="Address">The address of the gRPC port.</param>
/// <param name="AddressOrigin">Where the address came from, in words.</param>
/// <param name="TokenOrigin">Where the token came from, in words.</param>
/// <param name="RequestTimeout">How long one call may take.</param>
internal sealed record ControlPlane(Uri Address, string AddressOrigin, string TokenOrigin, TimeSpan RequestTimeout)
{
    /// <summary>The address as people write it: scheme, host and port.</summary>
    public string Origin => Connection.Address.Origin(Address);
}
