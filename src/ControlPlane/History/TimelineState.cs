using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Workspaces;

namespace Coder.Mesh.ControlPlane.History;

/// <summary>What a workspace was before an event, as far as its story tells what changed; null where it isn't known.</summary>
internal sealed record TimelineState
{
    public static readonly TimelineState Unknown = new();

    /// <summary>Events that replace one another: the last of each set before a page is what the page begins from.</summary>
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
