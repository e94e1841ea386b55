namespace Coder.Mesh.ControlPlane.Watches;

/// <summary>Is told what other replicas have committed.</summary>
internal interface IFeedObserver
{
    /// <param name="streams">Keys of the changed streams, with repetitions.</param>
    Task StreamsChanged(IReadOnlyCollection<string> streams, CancellationToken ct);

    /// <summary>The database is another one than before, such as a restored copy.</summary>
    void DatabaseChanged();
}
