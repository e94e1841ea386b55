using System.Security.Claims;
using Coder.Mesh.ControlPlane.AccessLog;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>The authenticated caller of a request.</summary>
/// <param name="Subject">An agent's provider id, or the user of an API token.</param>
/// <param name="TokenId">Identifies the token without revealing it.</param>
internal sealed record Caller(TokenKind Kind, string Subject, string TokenId)
{
    public const string KindClaim = "mesh:kind";
    public const string TokenClaim = "mesh:token";
    public const string RecordClaim = "mesh:token-record";

    /// <summary>Subject of the access log; anonymous if the caller is not authenticated.</summary>
    public static string SubjectOf(ClaimsPrincipal user) =>
        user.Identity is not { IsAuthenticated: true } ? AccessSubjects.Anonymous
        : Of(user) is { Kind: TokenKind.Provider } agent ? AccessSubjects.Provider(agent.Subject)
        : AccessSubjects.User(Of(user).Subject);

    /// <summary>Returns the token of a user's call.</summary>
    public static KnownToken TokenOf(ClaimsPrincipal user) => new(user.FindFirstValue(RecordClaim)!, Of(user).Subject);

    public static Caller Of(ClaimsPrincipal user) =>
        new(
            Enum.Parse<TokenKind>(user.FindFirstValue(KindClaim)!),
            user.FindFirstValue(ClaimTypes.NameIdentifier)!,
            user.FindFirstValue(TokenClaim)!
        );
}
