using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>
/// State of a workspace before an event, as far as the timeline needs it to describe changes; null values are unknown.
/// </summary>
internal sealed record TimelineState
{
    public static readonly TimelineState Unknown = new();

    /// <summary>
    /// Sets of event types that replace one another. A page starts from the last event of each set before it.
    /// </summary>
    public static readonly IReadOnlyList<Type[]> Kinds =
    [
        [
            typeof(WorkspaceCreated),
            typeof(WorkspaceAdopted),
            typeof(OrphanRemovalRequested),
            typeof(WorkspaceSpecChanged),
        ],
        [typeof(WorkspaceCreated), typeof(WorkspaceAdopted), typeof(WorkspaceOwnerEmailChanged)],
        [
            typeof(WorkspaceCreated),
            typeof(WorkspaceAdopted),
            typeof(WorkspaceStartRequested),
            typeof(WorkspaceRestartRequested),
        ],
    ];

    public WorkspaceSpec? Spec { get; private init; }

    public string? OwnerEmail { get; private init; }

    public WorkspaceDetails? Details { get; private init; }

    public TimelineState After(object change) =>
        change switch
        {
            WorkspaceCreated e => new TimelineState
            {
                Spec = e.Spec,
                OwnerEmail = e.OwnerEmail,
                Details = e.Details,
            },
            WorkspaceAdopted e => new TimelineState
            {
                Spec = e.Spec,
                OwnerEmail = e.OwnerEmail,
                Details = e.Details,
            },
            OrphanRemovalRequested e => this with { Spec = e.Spec },
            WorkspaceSpecChanged e => this with { Spec = e.Spec },
            WorkspaceOwnerEmailChanged e => this with { OwnerEmail = e.OwnerEmail },
            WorkspaceStartRequested e => this with { Details = e.Details ?? Details },
            WorkspaceRestartRequested e => this with { Details = e.Details ?? Details },
            _ => this,
        };
}
