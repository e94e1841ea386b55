using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>What a provider itself shows to stand against its removal: nobody is asked to confirm what would be refused.</summary>
internal static class Removable
{
    /// <returns>Null if nothing is known to stand against it; the control plane decides.</returns>
    public static Failure? Refusal(Provider p) =>
        Kept(p)
        ?? (
            p.UnfinishedWorkspaces > 0
                ? new Failure(
                    $"\"{p.Name}\" holds {ProviderText.Workspaces(p.UnfinishedWorkspaces)}: remove them first",
                    ExitCodes.Refused
                )
                {
                    Reason = ErrorReasons.ProviderInUse,
                    Tips =
                    [
                        $"mesh workspaces ls --provider {p.Name}",
                        $"if its cluster is gone: mesh providers forget {p.Name} --reason TEXT",
                    ],
                }
                : null
        );

    /// <inheritdoc cref="Refusal"/>
    public static Failure? RefusalToForget(Provider p, bool force) =>
        Kept(p)
        ?? (
            p.Status != ProviderStatus.Error && !force
                ? new Failure($"\"{p.Name}\" is {ProviderText.Status(p)}, not in error", ExitCodes.Refused)
                {
                    Reason = ErrorReasons.ProviderNotLost,
                    Tips =
                    [
                        $"remove its workspaces, and then itself: mesh providers rm {p.Name}",
                        "or, if you know that its cluster is gone, add --force",
                    ],
                }
                : null
        );

    private static Failure? Kept(Provider p) =>
        p.Kind == ProviderKind.BuiltIn
            ? new Failure($"\"{p.Name}\" is the built-in provider, which can't be removed", ExitCodes.Refused)
            {
                Reason = ErrorReasons.ProviderBuiltIn,
                Tips = [$"keep workspaces away from it: mesh providers cordon {p.Name} --reason TEXT"],
            }
        : p.IsDefault
            ? new Failure(
                $"\"{p.Name}\" is the default provider: make another one the default first",
                ExitCodes.Refused
            )
            {
                Reason = ErrorReasons.ProviderIsDefault,
                Tips = ["mesh providers set-default NAME"],
            }
        : null;
}
