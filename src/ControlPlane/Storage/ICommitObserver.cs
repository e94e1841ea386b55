namespace Coder.Mesh.ControlPlane.Storage;

/// <summary>Called after each commit that may have changed streams. Implementations must not block.</summary>
internal interface ICommitObserver
{
    void Committed();
}
