using Coder.Mesh.ControlPlane.Base;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Result of a decider: events to append, or an error. Neither means that nothing changes.</summary>
internal sealed record Decision<TEvent>(IReadOnlyList<TEvent> Events, Error? Error = null)
{
    public static readonly Decision<TEvent> Nothing = new([]);

    public static Decision<TEvent> Emit(params TEvent[] events) => new(events);

    public static implicit operator Decision<TEvent>(Error error) => new([], error);
}
