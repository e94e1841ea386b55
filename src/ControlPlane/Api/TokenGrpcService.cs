using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>gRPC service of callers and their tokens.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class TokenGrpcService(TokenOperations tokens) : TokenService.TokenServiceBase
{
    public override Task<GetCallerResponse> GetCaller(GetCallerRequest request, ServerCallContext context)
    {
        var caller = context.Caller();
        var answer = new Principal { User = caller.Subject, TokenId = caller.TokenId };
        return Task.FromResult(new GetCallerResponse { Caller = answer });
    }

    public override Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context) =>
        tokens.List(request, context.Caller(), context.CancellationToken).OrThrow();

    public override Task<DeleteTokenResponse> DeleteToken(DeleteTokenRequest request, ServerCallContext context) =>
        tokens.Delete(request, context.Caller(), context.CancellationToken).OrThrow();
}
