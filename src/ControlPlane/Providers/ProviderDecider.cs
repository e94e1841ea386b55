using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;

namespace Coder.Mesh.ControlPlane.Providers;

internal abstract record ProviderCommand;

internal sealed record RegisterProvider(string ProviderId, string Name, ProviderDetails Details, DateTimeOffset At)
    : ProviderCommand;

internal sealed record IssueProviderToken(string TokenId, string Hash, DateTimeOffset At) : ProviderCommand;

/// <param name="Holdings">What stands against it, as the store says.</param>
internal sealed record DeleteProvider(ProviderHoldings Holdings, DateTimeOffset At) : ProviderCommand;

/// <param name="LastOf">Names of the organizations that may use no other provider.</param>
internal sealed record ProviderHoldings(bool IsDefault, int UnfinishedWorkspaces, IReadOnlyList<string> LastOf);

/// <summary>The rules of a provider's life, as far as admins decide it. Pure: no clock, no I/O, no logger.</summary>
internal static class ProviderDecider
{
    /// <summary>Live tokens of one provider: two, so that rotation has no gap.</summary>
    public const int MaxTokens = 2;

    public static Decision<ProviderEvent> Decide(Provider? state, ProviderCommand command) =>
        (state, command) switch
        {
            (null, RegisterProvider c) => Decision<ProviderEvent>.Emit(
                new ProviderRegistered(c.ProviderId, c.Name, ProviderKind.Remote, c.Details, c.At)
            ),
            (null or { Deleted: true }, _) => Refusal.NotFound(
                ErrorReasons.ProviderNotFound,
                "There is no such provider."
            ),
            (_, RegisterProvider c) => new Refusal(
                RefusalKind.AlreadyExists,
                ErrorReasons.ProviderExists,
                $"Provider \"{c.Name}\" exists already."
            ),
            (_, IssueProviderToken c) => new Decision<ProviderEvent>(IssueToken(state, c)),
            (_, DeleteProvider c) => Delete(state, c),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "no rule for this command"),
        };

    /// <summary>The oldest token makes room.</summary>
    private static List<ProviderEvent> IssueToken(Provider state, IssueProviderToken c)
    {
        var surplus = state.Tokens.OrderBy(t => t.IssuedAt).Take(Math.Max(0, state.Tokens.Length - MaxTokens + 1));
        return
        [
            .. surplus.Select(t => new ProviderTokenRevoked(t.TokenId)),
            new ProviderTokenIssued(c.TokenId, c.Hash, c.At),
        ];
    }

    private static Decision<ProviderEvent> Delete(Provider state, DeleteProvider c)
    {
        if (state.Kind == ProviderKind.BuiltIn)
            return Refusal.Precondition(
                ErrorReasons.ProviderBuiltIn,
                $"\"{state.Name}\" is the built-in provider, which is always there."
            );
        if (c.Holdings.IsDefault)
            return Refusal.Precondition(
                ErrorReasons.ProviderIsDefault,
                $"\"{state.Name}\" is the default provider; make another one the default first."
            );
        if (c.Holdings.UnfinishedWorkspaces > 0)
            return Refusal.Precondition(
                ErrorReasons.ProviderInUse,
                $"\"{state.Name}\" holds {c.Holdings.UnfinishedWorkspaces} unfinished workspaces; remove them first."
            );
        if (c.Holdings.LastOf.Count > 0)
            return Refusal.Precondition(
                ErrorReasons.ProviderLastOfOrganization,
                $"\"{state.Name}\" is the only provider of {string.Join(", ", c.Holdings.LastOf)}; allow them another one first."
            );
        return Decision<ProviderEvent>.Emit(new ProviderDeleted(c.At));
    }
}
