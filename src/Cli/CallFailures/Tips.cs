using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>What to do next with this program, by the reason that the control plane gave; its message says the rest.</summary>
internal static class Tips
{
    public static IReadOnlyList<string> For(string? reason, StatusCode code, ControlPlane target, Subject subject) =>
        reason switch
        {
            ErrorReasons.TokenMissing or ErrorReasons.TokenInvalid => Token(target),
            ErrorReasons.TokenInUse =>
            [
                $"it came from {target.TokenOrigin}; name another with --token-file or --context",
            ],
            ErrorReasons.TokenNotFound => ["`mesh tokens ls` lists those that there are"],
            ErrorReasons.ProviderNotFound =>
            [
                "one that was deleted or forgotten is found by its id: `mesh providers ls --all`; its history with `mesh providers history ID`",
            ],
            ErrorReasons.ProviderCordoned => [$"`mesh providers uncordon {subject.Provider}` ends the cordon"],
            ErrorReasons.OrphanNotFound =>
            [
                $"`mesh providers orphans ls {subject.Provider}` lists those there are",
                "an id that was adopted or removed is found with `mesh workspaces show ID`",
            ],
            ErrorReasons.ProviderNotLost =>
            [
                $"`mesh providers forget {subject.Provider} --reason TEXT --force` forgets it whatever its status is",
            ],
            ErrorReasons.OrganizationAmbiguous =>
            [
                "name it with --org, or with MESH_ORG, or once for all: `mesh contexts set --org ORGANIZATION`",
            ],
            ErrorReasons.ConcurrentChange => ["someone changed it at the same moment; try again"],
            ErrorReasons.StoreUnavailable => ["the control plane is up but its database is not; try again shortly"],
            _ => ForWorkspace(reason, subject) ?? ByCode(code, target),
        };

    private static string[]? ForWorkspace(string? reason, Subject subject) =>
        reason switch
        {
            ErrorReasons.WorkspaceNotFound =>
            [
                "another user's is named with --owner; one that has ended by its id (`mesh workspaces ls --all`)",
            ],
            ErrorReasons.WorkspaceAmbiguous => ["use its id, or narrow the name with --org"],
            ErrorReasons.WorkspaceExists =>
            [
                $"choose another name, or look at the one there is with `mesh workspaces show {subject.Workspace}`",
            ],
            ErrorReasons.WorkspaceDeleting =>
            [
                $"one that is still being deleted: wait for its end with `mesh workspaces rm {subject.Workspace} --yes --wait`; then create a new one",
            ],
            _ => null,
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
