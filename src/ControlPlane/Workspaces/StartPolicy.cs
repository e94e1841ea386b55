using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Workspaces;

/// <summary>
/// Decides on the details with which a workspace is started and which it keeps until its next start. Pure function.
/// </summary>
internal static class StartPolicy
{
    /// <param name="details">The current details of the provider, with templates.</param>
    /// <param name="email">The owner's address; empty if unknown.</param>
    /// <param name="start">Creates the event from the details with filled-in templates.</param>
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
                $"The provider needs the owner's e-mail address for the service account annotation \"{key}\", but \"{name}\" "
                    + "has none. Set --owner-email (owner_email) when it is created, or run "
                    + $"\"mesh workspaces update {name} --owner-email ADDRESS\"."
            );
        return Decision<WorkspaceEvent>.Emit(
            start(details with { ServiceAccountAnnotations = UserEmailTemplate.Fill(annotations, email) })
        );
    }
}
