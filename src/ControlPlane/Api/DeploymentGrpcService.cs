using Coder.Mesh.ControlPlane.Edge;
using Coder.Mesh.ControlPlane.Identity;
using Coder.Mesh.ControlPlane.Operations;
using Coder.Mesh.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Authorization;

namespace Coder.Mesh.ControlPlane.Api;

/// <summary>gRPC service of the deployment as a whole.</summary>
[Authorize(Policies.SiteAdmin)]
internal sealed class DeploymentGrpcService(DeploymentOperations deployment) : DeploymentService.DeploymentServiceBase
{
    public override Task<GetDeploymentResponse> GetDeployment(
        GetDeploymentRequest request,
        ServerCallContext context
    ) => deployment.Get(context.CancellationToken).OrThrow();

    public override Task<SetAccessUrlResponse> SetAccessUrl(SetAccessUrlRequest request, ServerCallContext context) =>
        deployment.SetAccessUrl(request, context.Caller(), context.CancellationToken).OrThrow();
}
