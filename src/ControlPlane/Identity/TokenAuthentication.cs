using System.Security.Claims;
using System.Text.Encodings.Web;
using Coder.Mesh.ControlPlane.Refusals;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.Protocol;
using Google.Protobuf;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Coder.Mesh.ControlPlane.Identity;

/// <summary>
/// Authenticates bearer tokens of agents and API callers. Answers gRPC callers in gRPC: with a status and its details,
/// not with a bare HTTP code.
/// </summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    StoreSessions sessions
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "MeshToken";

    private const string Bearer = "Bearer ";

    private static readonly Refusal Missing = new(
        RefusalKind.Unauthenticated,
        ErrorReasons.TokenMissing,
        "No token was given: send it as \"authorization: Bearer <token>\"."
    );

    private static readonly Refusal Invalid = new(
        RefusalKind.Unauthenticated,
        ErrorReasons.TokenInvalid,
        "The token is not valid: it is misspelt, revoked, or of another deployment."
    );

    private static readonly Refusal Denied = new(
        RefusalKind.PermissionDenied,
        ErrorReasons.PermissionDenied,
        "This token is of another kind: agents use a provider's token, everybody else an API token."
    );

    private Refusal _refusal = Missing;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
            return AuthenticateResult.NoResult();
        var token = header[Bearer.Length..].Trim();
        _refusal = Invalid;
        if (Tokens.KindOf(token) is not { } kind)
            return AuthenticateResult.Fail(Invalid.Message);
        try
        {
            await using var session = sessions.Read();
            var record = await session.LoadAsync<TokenRecord>(Tokens.Hash(token), Context.RequestAborted);
            if (record is null || record.Kind != kind)
                return AuthenticateResult.Fail(Invalid.Message);
            return AuthenticateResult.Success(new AuthenticationTicket(Principal(record), SchemeName));
        }
        catch (Exception e) when (StoreFailure.IsAway(e))
        {
            _refusal = StoreFailure.Away;
            return AuthenticateResult.Fail(_refusal.Message);
        }
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        Answer(_refusal, StatusCodes.Status401Unauthorized);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Answer(Denied, StatusCodes.Status403Forbidden);

    private static ClaimsPrincipal Principal(TokenRecord record) =>
        new(
            new ClaimsIdentity(
                [
                    new Claim(Caller.KindClaim, record.Kind.ToString()),
                    new Claim(ClaimTypes.NameIdentifier, record.Subject),
                    new Claim(Caller.TokenClaim, record.TokenId),
                ],
                SchemeName
            )
        );

    /// <summary>A gRPC answer without messages: HTTP 200 and the status in the headers ("Trailers-Only").</summary>
    private Task Answer(Refusal refusal, int httpStatus)
    {
        if (Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
        {
            Response.StatusCode = httpStatus;
            return Task.CompletedTask;
        }

        var status = refusal.ToStatus();
        Response.StatusCode = StatusCodes.Status200OK;
        Response.Headers[HeaderNames.ContentType] = "application/grpc";
        Response.Headers["grpc-status"] = status.Code.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Response.Headers["grpc-message"] = Uri.EscapeDataString(status.Message);
        Response.Headers["grpc-status-details-bin"] = Convert.ToBase64String(status.ToByteArray()).TrimEnd('=');
        return Task.CompletedTask;
    }
}
