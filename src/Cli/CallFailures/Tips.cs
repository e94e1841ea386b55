using Coder.Mesh.Cli.Connection;
using Coder.Mesh.Protocol;
using Grpc.Core;

namespace Coder.Mesh.Cli.CallFailures;

/// <summary>Suggests what to do next, by the reason of an error.</summary>
internal static class Tips
{
    public static IReadOnlyList<string> For(string? reason, StatusCode code, ControlPlane target, Subject subject) =>
        reason switch
        {
            ErrorReasons.TokenMissing or ErrorReasons.TokenInvalid => Token(target),
            ErrorReasons.TokenInUse =>
            [
                $"it came from {target.TokenOrigin}; use another one with --token-file or --context",
            ],
            ErrorReasons.TokenNotFound => ["`mesh tokens ls` lists tokens"],
            ErrorReasons.ProviderNotFound =>
            [
                "a deleted or forgotten provider is found by its id (`mesh providers ls --all`); `mesh providers history ID` shows its history",
            ],
            ErrorReasons.ProviderCordoned => [$"`mesh providers uncordon {subject.Provider}` removes the cordon"],
            ErrorReasons.OrphanNotFound =>
            [
                $"`mesh providers orphans ls {subject.Provider}` lists orphans",
                "an orphan that was adopted or removed is shown by `mesh workspaces show ID`",
            ],
            ErrorReasons.ProviderNotLost =>
            [
                $"`mesh providers forget {subject.Provider} --reason TEXT --force` forgets it regardless of its status",
            ],
            ErrorReasons.OrganizationAmbiguous =>
            [
                "specify it with --org or MESH_ORG, or set a default: `mesh contexts set --org ORGANIZATION`",
            ],
            ErrorReasons.ConcurrentChange => ["it was changed by another request at the same time; try again"],
            ErrorReasons.StoreUnavailable =>
            [
                "the control plane is running, but its database is unavailable; try again shortly",
            ],
            _ => ForWorkspace(reason, subject) ?? ByCode(code, target),
        };

    private static string[]? ForWorkspace(string? reason, Subject subject) =>
        reason switch
        {
            ErrorReasons.WorkspaceNotFound =>
            [
                "use --owner for a workspace of another user, and the id for one that has ended (`mesh workspaces ls --all`)",
            ],
            ErrorReasons.WorkspaceAmbiguous => ["use its id, or specify --org"],
            ErrorReasons.WorkspaceExists =>
            [
                $"choose another name; `mesh workspaces show {subject.Workspace}` shows the existing one",
            ],
            ErrorReasons.WorkspaceDeleting =>
            [
                "`mesh workspaces create NAME` creates a new one; while the old one is being deleted, "
                    + $"`mesh workspaces rm {subject.Workspace} --yes --wait` waits for its end",
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
            "run `mesh-control-plane admin-token` on a host that reaches the database to create a new one",
        ];
}
