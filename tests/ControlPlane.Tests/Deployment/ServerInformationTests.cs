using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Protocol;
using Coder.Mesh.Shared;
using Coder.Mesh.Tests.Support.Postgres;

namespace Coder.Mesh.ControlPlane.Tests.Deployment;

public sealed class ServerInformationTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    [Fact]
    public async Task The_deployment_tells_its_version_its_commit_and_which_agents_it_speaks_with()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var told = (await plane.Deployment.GetDeploymentAsync(new(), plane.Admin, cancellationToken: Ct)).Deployment;

        Assert.Matches(@"^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$", told.Version);
        Assert.Equal(BuildVersion.Text, told.Commit == "" ? told.Version : $"{told.Version}+{told.Commit}");
        Assert.Equal(
            (ProtocolVersion.Min, ProtocolVersion.Max),
            (told.MinAgentProtocolVersion, told.MaxAgentProtocolVersion)
        );
    }
}
