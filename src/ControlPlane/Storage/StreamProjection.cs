using JasperFx.Events;
using Marten.Events.Aggregation;

namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Has Marten fold a stream with the same function as the tests of the deciders.</summary>
internal sealed class StreamProjection<TState, TEvent>(Func<TState?, string, TEvent, TState?> fold)
    : SingleStreamProjection<TState, string>
    where TState : class
    where TEvent : class
{
    public override TState? Evolve(TState? snapshot, string id, IEvent e) =>
        e.Data is TEvent change ? fold(snapshot, id, change) : snapshot;
}
