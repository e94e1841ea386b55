using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

public sealed class FakeTokens : TokenService.TokenServiceBase
{
    public const string Own = "0198c1e2000070008000000000000001";
    public const string Other = "0198c1e2000070008000000000000002";

    public List<ApiToken> All { get; } = [Token(Own, "admin", current: true), Token(Other, "build", current: false)];

    /// <summary>As of a control plane that is older than this service.</summary>
    public bool Unknown { get; set; }

    public override Task<GetCallerResponse> GetCaller(GetCallerRequest request, ServerCallContext context)
    {
        if (Unknown)
            throw new RpcException(new Status(StatusCode.Unimplemented, "Service is unimplemented."));
        var caller = new Principal { User = "admin", TokenId = Own };
        return Task.FromResult(new GetCallerResponse { Caller = caller });
    }

    public override Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context) =>
        Task.FromResult(new ListTokensResponse { Tokens = { All } });

    public override Task<DeleteTokenResponse> DeleteToken(DeleteTokenRequest request, ServerCallContext context)
    {
        if (request.TokenId == Own)
            throw FakeControlPlane.Rich(
                StatusCode.FailedPrecondition,
                "This is the token that the call was made with. Revoke it by a call with another token.",
                "TOKEN_IN_USE"
            );
        if (All.RemoveAll(t => t.Id == request.TokenId) == 0)
            throw FakeControlPlane.Rich(
                StatusCode.NotFound,
                $"There is no API token \"{request.TokenId}\": it was never made, or is revoked already.",
                "TOKEN_NOT_FOUND"
            );
        return Task.FromResult(new DeleteTokenResponse());
    }

    private static ApiToken Token(string id, string user, bool current) =>
        new()
        {
            Id = id,
            User = user,
            CreateTime = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow.AddDays(-3).AddHours(-1)),
            Current = current,
        };
}
