using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>Tells requests by the socket that they came in on, which no header can claim.</summary>
internal sealed class Listener
{
    public static readonly Listener Grpc = new();
    public static readonly Listener Json = new();
    public static readonly Listener Management = new();

    private Listener() { }

    /// <summary>Says of each connection that it is this listener's; requests see what their connection has.</summary>
    public void Mark(ListenOptions listen) =>
        listen.Use(next =>
            connection =>
            {
                connection.Features.Set(this);
                return next(connection);
            }
        );

    public bool Serves(HttpContext context) => context.Features.Get<Listener>() == this;
}

/// <summary>Where a control plane listens, as it came out: a port 0 is the one that was free.</summary>
internal sealed record ListenAddresses(string Grpc, string Json, string Management);
