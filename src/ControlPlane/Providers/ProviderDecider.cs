using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Providers;

internal abstract record ProviderCommand
{
    /// <summary>
    /// Whether placements depend on the change, so that <see cref="ProviderWrites"/> lets both wait for each other.
    /// </summary>
    public virtual bool Locked => false;
}

internal sealed record RegisterProvider(string ProviderId, string Name, ProviderDetails Details, DateTimeOffset At)
    : ProviderCommand;

internal sealed record RenameProvider(string Name) : ProviderCommand;

internal sealed record ChangeDetails(Func<ProviderDetails, ProviderDetails> Change) : ProviderCommand
{
    public override bool Locked => true;
}

internal sealed record CordonProvider(string Reason, string User, DateTimeOffset At) : ProviderCommand
{
    public override bool Locked => true;
}

internal sealed record UncordonProvider : ProviderCommand;

/// <summary>Checks whether the provider may become the default, which is stored with the deployment.</summary>
internal sealed record MakeDefault : ProviderCommand;

/// <param name="Replacing">
/// Id of a token that is replaced, if it was never used; null to keep the existing tokens up to the maximum.
/// </param>
/// <param name="Use">Use of the provider's tokens.</param>
internal sealed record IssueProviderToken(
    string TokenId,
    string Hash,
    string? Replacing,
    TokenUse Use,
    DateTimeOffset At
) : ProviderCommand;

internal sealed record RevokeProviderToken(string TokenId) : ProviderCommand;

/// <param name="Holdings">Obstacles to the deletion.</param>
internal sealed record DeleteProvider(ProviderHoldings Holdings, DateTimeOffset At) : ProviderCommand;

/// <param name="Confirmation">The provider's name, as repeated by the caller.</param>
/// <param name="Forced">Whether the provider may be Ready.</param>
internal sealed record ForgetProvider(
    ProviderHoldings Holdings,
    ProviderStatus Status,
    string Confirmation,
    bool Forced,
    string Reason,
    DateTimeOffset At
) : ProviderCommand;

/// <param name="LastOf">Names of the organizations that may use no other provider.</param>
internal sealed record ProviderHoldings(bool IsDefault, int UnfinishedWorkspaces, IReadOnlyList<string> LastOf);

/// <summary>Rules of the commands of admins on providers. Pure functions: no clock, no I/O, no logger.</summary>
internal static class ProviderDecider
{
    public static Decision<ProviderEvent> Decide(Provider? state, ProviderCommand command) =>
        (state, command) switch
        {
            (null, RegisterProvider c) => Decision<ProviderEvent>.Emit(
                new ProviderRegistered(c.ProviderId, c.Name, ProviderKind.Remote, c.Details, c.At)
            ),
            (null or { Deleted: true }, _) => Error.NotFound(
                ErrorReasons.ProviderNotFound,
                "There is no such provider; it may have been deleted a moment ago."
            ),
            (_, RegisterProvider c) => NameExists(c.Name),
            (_, RenameProvider c) => EmitIf(state.Name != c.Name, new ProviderRenamed(c.Name)),
            (_, ChangeDetails c) => c.Change(state.Details) is var details && !details.SameAs(state.Details)
                ? Decision<ProviderEvent>.Emit(new ProviderDetailsChanged(details))
                : Decision<ProviderEvent>.Nothing,
            (_, CordonProvider c) => EmitIf(
                state.Cordon?.Reason != c.Reason,
                new ProviderCordoned(c.Reason, c.User, c.At)
            ),
            (_, UncordonProvider) => EmitIf(state.Cordon is not null, new ProviderUncordoned()),
            (_, MakeDefault) => state.Cordon is null
                ? Decision<ProviderEvent>.Nothing
                : Error.Precondition(
                    ErrorReasons.ProviderCordoned,
                    $"\"{state.Name}\" is cordoned ({state.Cordon.Reason}); uncordon it before you make it the default."
                ),
            (_, IssueProviderToken c) => TokenRotation.Decide(state, c),
            (_, RevokeProviderToken c) => state.Tokens.Any(t => t.TokenId == c.TokenId)
                ? Decision<ProviderEvent>.Emit(new ProviderTokenRevoked(c.TokenId))
                : TokenRotation.NotFound(state, c.TokenId),
            (_, DeleteProvider c) => Delete(state, c),
            (_, ForgetProvider c) => Forget(state, c),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "no rule for this command"),
        };

    public static Error NameExists(string name) =>
        new(
            ErrorKind.AlreadyExists,
            ErrorReasons.ProviderExists,
            $"There is already a provider \"{name}\"; choose another name."
        );

    private static Decision<ProviderEvent> EmitIf(bool changes, ProviderEvent change) =>
        changes ? Decision<ProviderEvent>.Emit(change) : Decision<ProviderEvent>.Nothing;

    private static Decision<ProviderEvent> Delete(Provider state, DeleteProvider c)
    {
        if (Kept(state, c.Holdings) is { } kept)
            return kept;
        if (c.Holdings.UnfinishedWorkspaces > 0)
            return Error.Precondition(
                ErrorReasons.ProviderInUse,
                $"\"{state.Name}\" holds {WorkspaceCounts.Words(c.Holdings.UnfinishedWorkspaces)} that have not ended: remove them first "
                    + $"(\"mesh workspaces ls --provider {state.Name}\"), or, if its cluster is gone, "
                    + $"\"mesh providers forget {state.Name} --reason TEXT\"."
            );
        if (c.Holdings.LastOf.Count > 0)
            return Error.Precondition(
                ErrorReasons.ProviderLastOfOrganization,
                $"\"{state.Name}\" is the only provider of {string.Join(", ", c.Holdings.LastOf)}; allow them another one "
                    + $"first (\"mesh orgs allow {c.Holdings.LastOf[0]} PROVIDER\")."
            );
        return Decision<ProviderEvent>.Emit(new ProviderDeleted(c.At));
    }

    private static Decision<ProviderEvent> Forget(Provider state, ForgetProvider c)
    {
        if (Kept(state, c.Holdings) is { } kept)
            return kept;
        if (c.Confirmation != state.Name)
            return new Fields()
                .Violated("confirm_name", $"must be the name of the provider to forget, \"{state.Name}\"")
                .Error!;
        if (c.Status != ProviderStatus.Error && !c.Forced)
            return Error.Precondition(
                ErrorReasons.ProviderNotLost,
                $"\"{state.Name}\" is {c.Status}, not Error. Delete its workspaces, then the provider. Use --force if "
                    + "its cluster is gone."
            );
        return Decision<ProviderEvent>.Emit(new ProviderForgotten(c.Reason, c.Holdings.UnfinishedWorkspaces, c.At));
    }

    /// <summary>Returns why the provider can be neither deleted nor forgotten.</summary>
    private static Error? Kept(Provider state, ProviderHoldings holdings) =>
        state.Kind == ProviderKind.BuiltIn
            ? Error.Precondition(
                ErrorReasons.ProviderBuiltIn,
                $"\"{state.Name}\" is the built-in provider, which is always there; cordon it to keep workspaces away."
            )
        : holdings.IsDefault
            ? Error.Precondition(
                ErrorReasons.ProviderIsDefault,
                $"\"{state.Name}\" is the default provider; make another one the default first (\"mesh providers set-default NAME\")."
            )
        : null;
}
