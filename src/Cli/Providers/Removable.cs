using Coder.Mesh.Cli.Errors;
using Coder.Mesh.Protocol;
using Coder.Mesh.V1;

namespace Coder.Mesh.Cli.Providers;

/// <summary>Finds reasons against the removal of a provider before the user is asked to confirm it.</summary>
internal static class Removable
{
    /// <returns>Null if no reason is known; the control plane decides.</returns>
    public static Failure? Refusal(Provider p) =>
        Kept(p)
        ?? (
            p.UnfinishedWorkspaces > 0
                ? new Failure(
                    $"provider \"{p.Name}\" has {ProviderText.Workspaces(p.UnfinishedWorkspaces)}: remove them first",
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
                ? new Failure(
                    $"provider \"{p.Name}\" is {ProviderText.Status(p)}: only a provider in error can be forgotten",
                    ExitCodes.Refused
                )
                {
                    Reason = ErrorReasons.ProviderNotLost,
                    Tips =
                    [
                        $"if its cluster still exists, remove its workspaces, then the provider: mesh providers rm {p.Name}",
                        "if its cluster is gone, add --force",
                    ],
                }
                : null
        );

    private static Failure? Kept(Provider p) =>
        p.Kind == ProviderKind.BuiltIn
            ? new Failure($"provider \"{p.Name}\" is built in and cannot be removed", ExitCodes.Refused)
            {
                Reason = ErrorReasons.ProviderBuiltIn,
                Tips = [$"to prevent new workspaces on it: mesh providers cordon {p.Name} --reason TEXT"],
            }
        : p.IsDefault
            ? new Failure(
                $"provider \"{p.Name}\" is the default provider: make another one the default first",
                ExitCodes.Refused
            )
            {
                Reason = ErrorReasons.ProviderIsDefault,
                Tips = ["mesh providers set-default NAME"],
            }
        : null;
}
