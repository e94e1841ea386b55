namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Receives what other replicas have committed.</summary>
internal interface IFeedObserver
{
    /// <param name="streams">Keys of the changed streams, with repetitions.</param>
    Task StreamsChanged(IReadOnlyCollection<string> streams, CancellationToken ct);

    /// <summary>Called when the database was replaced, for example by a restored copy.</summary>
    void DatabaseChanged();
}
