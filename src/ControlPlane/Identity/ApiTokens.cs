using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Marten;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Creates API tokens.</summary>
internal sealed class ApiTokens(StoreSessions sessions, TimeProvider time)
{
    /// <summary>User of the tokens that are created at first start and from a shell.</summary>
    public const string Admin = "admin";

    /// <returns>The token: a secret that is stored nowhere else.</returns>
    public async Task<string> Issue(string user, CancellationToken ct)
    {
        var token = Tokens.Create(TokenKind.Api);
        await Store(token, user, ct);
        return token;
    }

    /// <summary>Makes an existing token valid.</summary>
    public async Task Store(string token, string user, CancellationToken ct)
    {
        await using var session = sessions.Write(user);
        session.Insert(RecordOf(token, user));
        await session.SaveChangesAsync(ct);
    }

    public TokenRecord RecordOf(string token, string user) =>
        new(Tokens.Hash(token), Ids.New(time), TokenKind.Api, user, time.GetUtcNow());

    /// <summary>Whether there is any API token.</summary>
    public async Task<bool> Any(CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.Query<TokenRecord>().AnyAsync(t => t.Kind == TokenKind.Api, ct);
    }

    public async Task<bool> IsLive(string token, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.LoadAsync<TokenRecord>(Tokens.Hash(token), ct) is not null;
    }
}
