using System.Security.Claims;
using System.Text.Encodings.Web;
using Coder.Mesh.ControlPlane.AccessLog;
using Coder.Mesh.ControlPlane.Agents;
using Coder.Mesh.ControlPlane.Api.Json;
using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Storage;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Coder.Mesh.ControlPlane.Api.Calls;

/// <summary>
/// Authenticates bearer tokens of agents and API callers. Answers callers in their own way: with a status and its
/// details, in gRPC or JSON. The base class would log two lines for each refusal; <see cref="RefusalLog"/> does
/// instead.
/// </summary>
internal sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    UrlEncoder encoder,
    TokenLookupLimiter gate,
    TokenLookups lookups,
    AccessRecorder access,
    AttachRecorder attaches,
    ApiMetrics api
) : AuthenticationHandler<AuthenticationSchemeOptions>(options, NullLoggerFactory.Instance, encoder)
{
    public const string SchemeName = "MeshToken";

    private Error _refusal = TokenErrors.Missing;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken.Of(Request) is not { } token)
            return AuthenticateResult.NoResult();
        if (Tokens.KindOf(token) is not { } kind)
            return Fail(TokenErrors.Invalid);
        var hash = Tokens.Hash(token);
        var entered = gate.Enter(hash, kind);
        if (entered.Error is { } error)
            return Fail(error);
        try
        {
            var found = await lookups.Find(hash, wasValid: entered.Value, Context.RequestAborted);
            if (found.Error is { } busy)
                return Fail(busy);
            if (found.Value is not { } record || record.Kind != kind)
            {
                gate.NotFound(hash);
                return Fail(TokenErrors.Invalid);
            }

            gate.Found(hash, record, entered.Value);
            return AuthenticateResult.Success(new AuthenticationTicket(Principal(record), SchemeName));
        }
        catch (Exception e) when (StoreFailure.IsUnavailable(e))
        {
            return Fail(StoreFailure.Unavailable);
        }
    }

    private AuthenticateResult Fail(Error error)
    {
        _refusal = error;
        return AuthenticateResult.Fail(error.Message);
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        Answer(_refusal, AccessSubjects.Anonymous, StatusCodes.Status401Unauthorized);

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Answer(TokenErrors.Denied, Caller.SubjectOf(Context.User), StatusCodes.Status403Forbidden);

    private static ClaimsPrincipal Principal(TokenRecord record) =>
        new(
            new ClaimsIdentity(
                [
                    new Claim(Caller.KindClaim, record.Kind.ToString()),
                    new Claim(ClaimTypes.NameIdentifier, record.Subject),
                    new Claim(Caller.TokenClaim, record.TokenId),
                    new Claim(Caller.RecordClaim, record.Id),
                ],
                SchemeName
            )
        );

    private Task Answer(Error error, string subject, int httpStatus)
    {
        if (AgentStreamService.Serves(Context))
        {
            attaches.Refused(Context, subject, error);
        }
        else
        {
            var peer = Context.Connection.RemoteIpAddress;
            api.Refused(error.Reason);
            access.Record(subject, AccessAction.Call, error.Reason, error.Message, peer);
        }

        if (Listener.Json.Serves(Context))
            return JsonErrors.Write(Context, error);
        if (GrpcErrors.IsGrpc(Request))
            GrpcErrors.Write(Response, error);
        else
            Response.StatusCode = httpStatus;
        return Task.CompletedTask;
    }
}
