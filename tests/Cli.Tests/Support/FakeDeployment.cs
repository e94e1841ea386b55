using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Cli.Tests.Support;

public sealed class FakeDeployment : DeploymentService.DeploymentServiceBase
{
    public Coder.Mesh.V1.Deployment Only { get; } =
        new() { Id = "0198c1dc000070008000000000000001", Version = "0.1.0" };

    public override Task<GetDeploymentResponse> GetDeployment(
        GetDeploymentRequest request,
        ServerCallContext context
    ) => Task.FromResult(new GetDeploymentResponse { Deployment = Only });

    public override Task<SetAccessUrlResponse> SetAccessUrl(SetAccessUrlRequest request, ServerCallContext context)
    {
        Only.AccessUrl = request.AccessUrl;
        return Task.FromResult(new SetAccessUrlResponse { Deployment = Only });
    }
}
