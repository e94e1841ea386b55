using Coder.Mesh.Agent.V1;

namespace Coder.Mesh.Agent.Connection;

/// <summary>Cuts a snapshot into parts that the control plane takes.</summary>
internal sealed class SnapshotParts(int maxWorkspaces, int maxBytes)
{
    // Tag and length of an entry, and what a frame has around its parts.
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

    /// <returns>At least one frame: that nothing is held is news too.</returns>
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
