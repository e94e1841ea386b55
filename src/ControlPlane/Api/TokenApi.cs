using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>The gRPC service for callers and their tokens.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class TokenApi(CallerTokens tokens) : TokenService.TokenServiceBase
{
    public override Task<GetCallerResponse> GetCaller(GetCallerRequest request, ServerCallContext context)
    {
        var caller = context.Caller();
        var answer = new Principal { User = caller.Subject, TokenId = caller.TokenId };
        return Task.FromResult(new GetCallerResponse { Caller = answer });
    }

    public override async Task<ListTokensResponse> ListTokens(ListTokensRequest request, ServerCallContext context)
    {
        new Fields().Page(request.PageSize, request.PageToken).ThrowIfViolated();
        var current = context.Caller().TokenId;
        var (page, next) = await PageBytes.Fill(
            Paging.Size(request.PageSize),
            request.PageToken,
            (after, count) => tokens.Page(after, count, context.CancellationToken),
            rows => Task.FromResult<IReadOnlyList<ApiToken>>([.. rows.Select(token => ToProto(token, current))]),
            row => row.TokenId
        );
        return new ListTokensResponse { Tokens = { page }, NextPageToken = next };
    }

    public override async Task<DeleteTokenResponse> DeleteToken(DeleteTokenRequest request, ServerCallContext context)
    {
        new Fields().Reference("token_id", request.TokenId).RequestId(request.RequestId).ThrowIfViolated();
        var write = context.Write(request, request.RequestId);
        var current = context.Caller().TokenId;
        (await tokens.Revoke(write, request.TokenId, current, context.CancellationToken)).OrThrow();
        return new DeleteTokenResponse();
    }

    private static ApiToken ToProto(TokenRecord token, string current) =>
        new()
        {
            Id = token.TokenId,
            User = token.Subject,
            CreateTime = Timestamp.FromDateTimeOffset(token.IssuedAt),
            Current = token.TokenId == current,
        };
}
