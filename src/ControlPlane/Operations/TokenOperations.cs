using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations on API tokens.</summary>
internal sealed class TokenOperations(CallerTokens tokens)
{
    public Task<Result<ListTokensResponse>> List(ListTokensRequest request, Caller by, CancellationToken ct) =>
        new Fields()
            .Page(request.PageSize, request.PageToken)
            .Then(async Task<Result<ListTokensResponse>> () =>
            {
                var (page, next) = await PageBytes.Fill(
                    Paging.Size(request.PageSize),
                    request.PageToken,
                    (after, count) => tokens.Page(after, count, ct),
                    rows => Task.FromResult<IReadOnlyList<ApiToken>>([.. rows.Select(t => ToProto(t, by.TokenId))]),
                    row => row.TokenId
                );
                return new ListTokensResponse { Tokens = { page }, NextPageToken = next };
            });

    public Task<Result<DeleteTokenResponse>> Delete(DeleteTokenRequest request, Caller by, CancellationToken ct) =>
        new Fields()
            .Reference("token_id", request.TokenId)
            .RequestId(request.RequestId)
            .Then(() => tokens.Revoke(Writes.By(by, request, request.RequestId), request.TokenId, by.TokenId, ct))
            .Map(_ => new DeleteTokenResponse());

    private static ApiToken ToProto(TokenRecord token, string current) =>
        new()
        {
            Id = token.TokenId,
            User = token.Subject,
            CreateTime = Timestamp.FromDateTimeOffset(token.IssuedAt),
            Current = token.TokenId == current,
        };
}
