using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Makes API tokens.</summary>
internal sealed class ApiTokens(StoreSessions sessions, TimeProvider time)
{
    /// <summary>The user of the tokens that are made without any other user: at first start, and from a shell.</summary>
    public const string Admin = "admin";

    /// <returns>The token: a secret that is kept nowhere else.</returns>
    public async Task<string> Issue(string user, CancellationToken ct)
    {
        var token = Tokens.Create(TokenKind.Api);
        await using var session = sessions.Write(user);
        session.Insert(new TokenRecord(Tokens.Hash(token), Ids.New(time), TokenKind.Api, user, time.GetUtcNow()));
        await session.SaveChangesAsync(ct);
        return token;
    }

    public async Task<bool> IsLive(string token, CancellationToken ct)
    {
        await using var session = sessions.Read();
        return await session.LoadAsync<TokenRecord>(Tokens.Hash(token), ct) is not null;
    }
}
