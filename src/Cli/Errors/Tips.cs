using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Cli.Errors;

/// <summary>What to do next, by the reason that the control plane gave.</summary>
internal static class Tips
{
    public static IReadOnlyList<string> For(string? reason, StatusCode code, ControlPlane target) =>
        reason switch
        {
            ErrorReasons.TokenMissing or ErrorReasons.TokenInvalid => Token(target),
            ErrorReasons.ProviderNotFound => ["`mesh providers ls` lists the providers"],
            ErrorReasons.ProviderExists =>
            [
                "choose another name, or look at the one there is with `mesh providers show`",
            ],
            ErrorReasons.ProviderIsDefault => ["make another provider the default first"],
            ErrorReasons.ProviderInUse =>
            [
                "`mesh workspaces ls --provider NAME` lists what it holds; remove these with `mesh workspaces rm` first",
            ],
            ErrorReasons.ProviderLastOfOrganization => ["allow the organization on another provider first"],
            ErrorReasons.OrganizationNotFound or ErrorReasons.OrganizationAmbiguous => ["name it with --org"],
            ErrorReasons.WorkspaceNotFound =>
            [
                "`mesh workspaces ls` lists the workspaces; one that has ended is found by its id only",
            ],
            ErrorReasons.WorkspaceAmbiguous => ["use its id, or narrow the name with --org"],
            ErrorReasons.WorkspaceExists =>
            [
                "choose another name, or look at the one there is with `mesh workspaces show`",
            ],
            ErrorReasons.WorkspaceDeleting =>
            [
                "see it go with `mesh workspaces rm NAME --wait`, then create a new one",
            ],
            ErrorReasons.PlacementRefused => ["`mesh providers ls` shows which are ready; name one with --provider"],
            ErrorReasons.ConcurrentChange => ["someone changed it at the same moment; try again"],
            ErrorReasons.StoreUnavailable => ["the control plane is up but its database is not; try again shortly"],
            _ => ByCode(code, target),
        };

    private static string[] ByCode(StatusCode code, ControlPlane target) =>
        code switch
        {
            StatusCode.Unauthenticated => Token(target),
            StatusCode.PermissionDenied => ["ask an admin of this deployment"],
            StatusCode.Unavailable => ["try again shortly; the control plane may be restarting"],
            StatusCode.Aborted => ["try again"],
            _ => [],
        };

    private static string[] Token(ControlPlane target) =>
        [
            $"the token came from {target.TokenOrigin}",
            "`mesh-control-plane admin-token`, on a host that reaches the database, makes a new one",
        ];
}
