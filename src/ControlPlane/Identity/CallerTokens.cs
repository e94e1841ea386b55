using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Marten;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Lists and revokes API tokens.</summary>
internal sealed class CallerTokens(CommandExecutor writer, StoreSessions sessions, ILogger<CallerTokens> logger)
{
    private static readonly Error InUse = Error.Precondition(
        ErrorReasons.TokenInUse,
        "This is the token that the call was made with. Revoke it by a call with another token."
    );

    /// <summary>Returns a page of the valid API tokens, oldest first.</summary>
    /// <param name="after">Id of the last token of the previous page; empty for the first page.</param>
    public async Task<IReadOnlyList<TokenRecord>> Page(string after, int size, CancellationToken ct)
    {
        await using var session = sessions.Read();
        // Ids begin with their creation time.
        return await session
            .Query<TokenRecord>()
            .Where(t => t.Kind == TokenKind.Api && t.TokenId.CompareTo(after) > 0)
            .OrderBy(t => t.TokenId)
            .Take(size)
            .ToListAsync(ct);
    }

    /// <param name="currentTokenId">Token of the call itself, which cannot be revoked.</param>
    public Task<Result<WriteResult>> Revoke(
        WriteContext context,
        string tokenId,
        string currentTokenId,
        CancellationToken ct
    )
    {
        var plan = new UnitOfWork([], (session, cancel) => Delete(context, session, tokenId, currentTokenId, cancel));
        return writer.Run(context, _ => Task.FromResult<Result<UnitOfWork>>(plan), ct);
    }

    private async Task<Outcome> Delete(
        WriteContext context,
        WriteSession session,
        string tokenId,
        string currentTokenId,
        CancellationToken ct
    )
    {
        if (tokenId == currentTokenId)
            return InUse;
        var token = await session
            .Documents.Query<TokenRecord>()
            .FirstOrDefaultAsync(t => t.TokenId == tokenId && t.Kind == TokenKind.Api, ct);
        if (token is null)
            return NotFound(tokenId);
        session.Documents.Delete(token);
        return new Outcome.Done(token.TokenId)
        {
            Committed = () => logger.TokenRevoked(token.TokenId, token.Subject, context.Actor),
        };
    }

    private static Error NotFound(string tokenId) =>
        Error.NotFound(
            ErrorReasons.TokenNotFound,
            $"There is no API token \"{Fields.Short(tokenId)}\": it was never made, or is revoked already."
        );
}
