using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Lets Marten fold a stream with the same function that the deciders' tests fold with.</summary>
internal sealed class StreamProjection<TState, TEvent>(Func<TState?, string, TEvent, TState?> fold)
    : SingleStreamProjection<TState, string>
    where TState : class
    where TEvent : class
{
    public override TState? Evolve(TState? snapshot, string id, IEvent e) =>
        e.Data is TEvent change ? fold(snapshot, id, change) : snapshot;
}
