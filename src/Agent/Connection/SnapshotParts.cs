using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Connection;

/// <summary>Splits a snapshot into parts within the limits of the control plane.</summary>
internal sealed class SnapshotParts(int maxWorkspaces, int maxBytes)
{
    // Tag and length of an entry, and overhead of a frame.
    private const int EntryOverhead = 6;
    private const int FrameOverhead = 64;

    private readonly List<ConnectRequest> _frames = [];
    private Snapshot _part = new();
    private int _bytes = FrameOverhead;

    public void Add(WorkspaceObserved workspace)
    {
        var size = workspace.CalculateSize() + EntryOverhead;
        if (_part.Workspaces.Count >= maxWorkspaces || (_bytes + size > maxBytes && _part.Workspaces.Count > 0))
            EndPart();
        _part.Workspaces.Add(workspace);
        _bytes += size;
    }

    /// <returns>At least one frame, since an empty inventory is information too.</returns>
    public IReadOnlyList<ConnectRequest> Complete()
    {
        _part.Complete = true;
        EndPart();
        return _frames;
    }

    private void EndPart()
    {
        _frames.Add(new ConnectRequest { Snapshot = _part });
        _part = new Snapshot();
        _bytes = FrameOverhead;
    }
}
