using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Deployment;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Mapping;
using Coder.Mesh.ControlPlane.Providers;
using Coder.Mesh.ControlPlane.Storage;
using Coder.Mesh.V1;

namespace Coder.Mesh.ControlPlane.Operations;

/// <summary>Operations on providers that issue or revoke tokens of agents.</summary>
internal sealed class ProviderTokenOperations(
    ProviderTokens tokens,
    ProviderResponseMapper answers,
    DeploymentView deployment
)
{
    public Task<Result<CreateProviderResponse>> Create(
        CreateProviderRequest request,
        Caller by,
        CancellationToken ct
    ) =>
        new Fields()
            .Name("name", request.Name)
            .Details(request.Details)
            .RequestId(request.RequestId)
            .Then(() =>
                tokens.Create(
                    Writes.By(by, request, request.RequestId),
                    request.Name,
                    ProviderMapping.FromProto(request.Details),
                    ct
                )
            )
            .Map(async issued => new CreateProviderResponse
            {
                Provider = await answers.Read(issued.ProviderId, ct),
                Token = issued.Token,
                AccessUrl = (await deployment.Read(ct)).AccessUrl,
            });

    public Task<Result<RotateTokenResponse>> Rotate(RotateTokenRequest request, Caller by, CancellationToken ct) =>
        ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Then(() => tokens.Rotate(Writes.By(by, request, request.RequestId), request.Provider, ct))
            .Map(async issued => new RotateTokenResponse
            {
                Provider = await answers.Read(issued.ProviderId, ct),
                Token = issued.Token,
                TokenId = issued.TokenId,
            });

    public Task<Result<RevokeTokenResponse>> Revoke(RevokeTokenRequest request, Caller by, CancellationToken ct) =>
        ProviderRequests
            .Check(request.Provider, requestId: request.RequestId)
            .Reference("token_id", request.TokenId)
            .Then(() => tokens.Revoke(Writes.By(by, request, request.RequestId), request.Provider, request.TokenId, ct))
            .Map(async written => new RevokeTokenResponse { Provider = await answers.Read(written.Subject, ct) });
}
