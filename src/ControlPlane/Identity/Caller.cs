using System.Security.Claims;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>Who calls.</summary>
/// <param name="Subject">An agent's provider id, or the user of an API token.</param>
/// <param name="TokenId">Names the token without giving it away.</param>
internal sealed record Caller(TokenKind Kind, string Subject, string TokenId)
{
    public const string KindClaim = "mesh:kind";
    public const string TokenClaim = "mesh:token";

    public static Caller Of(ServerCallContext context) => Of(context.GetHttpContext().User);

    public static Caller Of(ClaimsPrincipal user) =>
        new(
            Enum.Parse<TokenKind>(user.FindFirstValue(KindClaim)!),
            user.FindFirstValue(ClaimTypes.NameIdentifier)!,
            user.FindFirstValue(TokenClaim)!
        );
}
