namespace Coder.Mesh.Agent.Reconcile;

/// <summary>Sends the reports of one session to the control plane. Its methods do not block.</summary>
internal interface IReportQueue
{
    /// <summary>Queues the current report of a workspace. Calls before the first snapshot have no effect.</summary>
    void Changed(string workspaceId);

    /// <summary>Requests a snapshot: the control plane has to decide on something that was not asked for.</summary>
    void RequestResync();
}
