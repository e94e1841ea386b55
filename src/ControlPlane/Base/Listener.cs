using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Coder.Mesh.ControlPlane.Base;

/// <summary>Identifies the listener that a request came in on, which no header can claim.</summary>
internal sealed class Listener
{
    public static readonly Listener Grpc = new();
    public static readonly Listener Json = new();
    public static readonly Listener Management = new();

    private Listener() { }

    /// <summary>Marks each connection of a listener; requests see the features of their connection.</summary>
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

/// <summary>The addresses that a control plane listens on, with the actual port where port 0 was configured.</summary>
internal sealed record ListenAddresses(string Grpc, string Json, string Management);
