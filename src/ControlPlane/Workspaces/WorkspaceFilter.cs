using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>Filter of a list of workspaces. Null or empty values match all.</summary>
/// <param name="States">Final states among them include ended workspaces.</param>
/// <param name="Ended">Whether ended workspaces match if no states are given.</param>
internal sealed record WorkspaceFilter(
    string? OrganizationId,
    string? ProviderId,
    string Owner,
    IReadOnlyCollection<ObservedState> States,
    bool Ended
)
{
    /// <summary>Matches one workspace only. Used by watches.</summary>
    public string? WorkspaceId { get; init; }

    public bool HasUnfinished => States.Count == 0 || States.Any(s => !Workspace.IsFinal(s));

    public bool HasEnded => States.Count == 0 ? Ended : States.Any(Workspace.IsFinal);

    /// <summary>Whether a workspace matches.</summary>
    public bool Holds(Workspace? workspace) =>
        workspace is not null
        && (workspace.Finished ? HasEnded : HasUnfinished)
        && (States.Count == 0 || States.Contains(workspace.State))
        && (OrganizationId is null || workspace.OrganizationId == OrganizationId)
        && (ProviderId is null || workspace.ProviderId == ProviderId)
        && (Owner.Length == 0 || workspace.Owner == Owner)
        && (WorkspaceId is null || workspace.WorkspaceId == WorkspaceId);

    /// <summary>Returns a page of matching workspaces in order of id.</summary>
    /// <param name="all">Either ended or unfinished workspaces.</param>
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
            // With a single value, the index returns them in order.
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
