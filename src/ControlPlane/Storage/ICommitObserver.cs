namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Is called after each commit that may have changed streams. Must return at once.</summary>
internal interface ICommitObserver
{
    void Committed();
}
