using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Google.Protobuf.WellKnownTypes;
using Marten;

namespace Coder.Mesh.ControlPlane.Providers;

/// <summary>A token as returned once: a secret that is stored nowhere else.</summary>
/// <param name="Token">Empty if it cannot be returned, because an agent has already attached with it.</param>
internal sealed record IssuedToken(string ProviderId, string TokenId, string Token);

/// <summary>Commands that issue or revoke tokens of providers.</summary>
internal sealed class ProviderTokens(CommandExecutor writer, ProviderWrites writes, TimeProvider time)
{
    /// <summary>Creates a provider with its first token.</summary>
    public Task<Result<IssuedToken>> Create(
        WriteContext context,
        string name,
        ProviderDetails details,
        CancellationToken ct
    )
    {
        var (id, tokenId, token) = (Ids.New(time), Ids.New(time), Tokens.Create(TokenKind.Provider));
        var register = new RegisterProvider(id, name, details, time.GetUtcNow());
        var issued = new ProviderTokenIssued(tokenId, Tokens.Hash(token), register.At);
        var unit = new UnitOfWork(
            [],
            (session, _) => Task.FromResult<Outcome>(Register(session.Documents, register, issued))
        )
        {
            AlreadyExists = ProviderCommands.NameExists(name),
        };
        return WithToken(
            context,
            writer.Run(context, _ => Task.FromResult<Result<UnitOfWork>>(unit), ct),
            tokenId,
            token,
            ct
        );
    }

    /// <summary>
    /// Issues another token. If there are two already, one that no agent is attached with is revoked.
    /// </summary>
    public Task<Result<IssuedToken>> Rotate(WriteContext context, string reference, CancellationToken ct)
    {
        var (tokenId, token) = (Ids.New(time), Tokens.Create(TokenKind.Provider));
        return WithToken(context, Issue(context, reference, tokenId, token, replacing: null, ct), tokenId, token, ct);
    }

    /// <summary>Issues a token for the control plane itself, for the file of the built-in provider's agent.</summary>
    /// <exception cref="InvalidOperationException">The provider does not exist.</exception>
    public async Task<string> IssueLocal(string providerId, CancellationToken ct)
    {
        var token = Tokens.Create(TokenKind.Provider);
        await StoreLocal(providerId, token, ct);
        return token;
    }

    /// <summary>Makes an existing token of a provider valid.</summary>
    /// <inheritdoc cref="IssueLocal"/>
    public async Task StoreLocal(string providerId, string token, CancellationToken ct)
    {
        var issued = await Issue(
            new WriteContext(Actor.Local.Stored),
            providerId,
            Ids.New(time),
            token,
            replacing: null,
            ct
        );
        if (issued.Error is { } error)
            throw new InvalidOperationException(error.Message);
    }

    /// <summary>Revokes a token and ends the session of the agent that has attached with it.</summary>
    public Task<Result<WriteResult>> Revoke(
        WriteContext context,
        string reference,
        string tokenId,
        CancellationToken ct
    ) => writes.Change(context, reference, etag: "", new RevokeProviderToken(tokenId), ct);

    private static Outcome.Done Register(
        IDocumentSession session,
        RegisterProvider register,
        ProviderTokenIssued issued
    )
    {
        session.Events.StartStream<Provider>(
            StreamKeys.Provider(register.ProviderId),
            [.. ProviderDecider.Decide(null, register).Events, issued]
        );
        session.Events.StartStream<ProviderPresence>(
            StreamKeys.Presence(register.ProviderId),
            new PresenceStarted(register.ProviderId, register.At)
        );
        session.Insert(ProviderWrites.RecordOf(register.ProviderId, issued));
        return new Outcome.Done(register.ProviderId, new StringValue { Value = issued.TokenId });
    }

    private Task<Result<WriteResult>> Issue(
        WriteContext context,
        string reference,
        string tokenId,
        string token,
        string? replacing,
        CancellationToken ct
    )
    {
        var response = new StringValue { Value = tokenId };
        return writes.Change(context, reference, Command, response, ct);

        async Task<ProviderCommand> Command(WriteSession session, Provider provider, CancellationToken cancel)
        {
            // No agent can attach, with whichever token, between this read and the commit.
            var presence = await PresenceLock.Hold(session, provider.ProviderId, cancel);
            return new IssueProviderToken(
                tokenId,
                Tokens.Hash(token),
                replacing,
                TokenUse.Of(presence),
                time.GetUtcNow()
            );
        }
    }

    /// <summary>
    /// Returns the issued token to the caller. The token of a repeated request cannot be returned again, so another one
    /// replaces it under the same id, unless an agent has attached with it.
    /// </summary>
    private async Task<Result<IssuedToken>> WithToken(
        WriteContext context,
        Task<Result<WriteResult>> writing,
        string tokenId,
        string token,
        CancellationToken ct
    )
    {
        var written = await writing;
        if (written.Error is { } error)
            return error;
        var (providerId, repeated, response) = written.Value;
        if (!repeated)
            return new IssuedToken(providerId, tokenId, token);

        var first = StringValue.Parser.ParseFrom(response).Value;
        var fresh = await Issue(context with { RequestId = "" }, providerId, first, token, replacing: first, ct);
        return fresh.Error switch
        {
            null => new IssuedToken(providerId, first, token),
            {
                Reason: ErrorReasons.ProviderTokenInUse
                    or ErrorReasons.ProviderTokenNotFound
                    or ErrorReasons.ProviderNotFound
            } => new IssuedToken(providerId, first, ""),
            var failed => failed,
        };
    }
}
