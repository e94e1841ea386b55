using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>What every start of a workspace decides: the details that it keeps until the next one. Pure.</summary>
internal static class StartPolicy
{
    /// <param name="details">As the provider's are now, templates and all.</param>
    /// <param name="email">The owner's; empty where it isn't known.</param>
    /// <param name="start">Makes the event from the details with the templates filled in.</param>
    public static Decision<WorkspaceEvent> With(
        WorkspaceDetails details,
        string name,
        string email,
        Func<WorkspaceDetails, WorkspaceEvent> start
    )
    {
        var annotations = details.ServiceAccountAnnotations;
        if (email.Length == 0 && UserEmailTemplate.NeededBy(annotations) is { } key)
            return Error.Precondition(
                ErrorReasons.OwnerEmailUnknown,
                $"The provider gives its workspaces the service account annotation \"{key}\" with the e-mail address of their "
                    + $"owner, and that of the owner of \"{name}\" isn't known: say it with --owner-email (owner_email), of a "
                    + $"workspace that exists by \"mesh workspaces update {name} --owner-email ADDRESS\"."
            );
        return Decision<WorkspaceEvent>.Emit(
            start(details with { ServiceAccountAnnotations = UserEmailTemplate.Fill(annotations, email) })
        );
    }
}
