using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Which workspaces a list holds; what is null or empty lets all through.</summary>
/// <param name="States">Final ones among them include what has ended so.</param>
/// <param name="Ended">Whether what has ended is held too, where no states are named.</param>
internal sealed record WorkspaceFilter(
    string? OrganizationId,
    string? ProviderId,
    string Owner,
    IReadOnlyCollection<ObservedState> States,
    bool Ended
)
{
    /// <summary>Only this one. Of a watch only: a list of one is a read.</summary>
    public string? WorkspaceId { get; init; }

    public bool HasUnfinished => States.Count == 0 || States.Any(s => !Workspace.IsFinal(s));

    public bool HasEnded => States.Count == 0 ? Ended : States.Any(Workspace.IsFinal);

    /// <summary>Whether a list would hold it.</summary>
    public bool Holds(Workspace? workspace) =>
        workspace is not null
        && (workspace.Finished ? HasEnded : HasUnfinished)
        && (States.Count == 0 || States.Contains(workspace.State))
        && (OrganizationId is null || workspace.OrganizationId == OrganizationId)
        && (ProviderId is null || workspace.ProviderId == ProviderId)
        && (Owner.Length == 0 || workspace.Owner == Owner)
        && (WorkspaceId is null || workspace.WorkspaceId == WorkspaceId);

    /// <summary>A page of those that a list holds, in order of id.</summary>
    /// <param name="all">Those that have ended, or those that have not.</param>
    public IQueryable<Workspace> Page(IQueryable<Workspace> all, string after, int size)
    {
        if (OrganizationId is not null)
            all = all.Where(w => w.OrganizationId == OrganizationId);
        if (ProviderId is not null)
            all = all.Where(w => w.ProviderId == ProviderId);
        if (Owner.Length > 0)
            all = all.Where(w => w.Owner == Owner);
        if (States.Count == 1)
        {
            // Compared with one value, the index gives them in order.
            var only = States.First();
            all = all.Where(w => w.State == only);
        }
        else if (States.Count > 1)
        {
            var several = States.ToArray();
            all = all.Where(w => w.State.IsOneOf(several));
        }
        if (after.Length > 0)
            all = all.Where(w => w.Id.CompareTo(StreamKeys.Workspace(after)) > 0);
        return all.OrderBy(w => w.Id).Take(size);
    }
}
