using Coder.Mesh.Cli.Tests.Support;
using Coder.Mesh.V1;
using Google.Protobuf.Reflection;

namespace Coder.Mesh.Cli.Tests.CallFailures;

public sealed class RequestIdTests : CliTest
{
    public static TheoryData<string, string> Writes =>
        new()
        {
            { "CreateProvider", "providers create new" },
            { "UpdateProvider", "providers update eu-west-1 --region r" },
            { "RenameProvider", "providers rename eu-west-1 other" },
            { "CordonProvider", "providers cordon eu-west-1 --reason r" },
            { "UncordonProvider", "providers uncordon eu-west-1" },
            { "SetDefaultProvider", "providers set-default built-in" },
            { "DeleteProvider", "providers rm eu-west-1 --yes" },
            { "ForgetProvider", "providers forget eu-west-1 --reason r --confirm eu-west-1" },
            { "AcceptCluster", "providers accept-cluster eu-west-1 --yes" },
            { "AdoptOrphan", "providers orphans adopt eu-west-1 0198c1e1000070008000000000000001" },
            { "RemoveOrphan", "providers orphans rm eu-west-1 0198c1e1000070008000000000000001 --yes" },
            { "RotateToken", "providers rotate-token eu-west-1" },
            { "RevokeToken", "providers revoke-token eu-west-1 0198c1e0000070008000000000000001 --yes" },
            { "CreateOrganization", "orgs create new" },
            { "AllowProvider", "orgs allow acme built-in" },
            { "DisallowProvider", "orgs disallow acme built-in" },
            { "DeleteOrganization", "orgs rm acme --yes" },
            { "CreateWorkspace", "workspaces create dev" },
            { "StartWorkspace", "workspaces start old" },
            { "StopWorkspace", "workspaces stop old" },
            { "RestartWorkspace", "workspaces restart old" },
            { "UpdateWorkspace", "workspaces update old --cpu 2" },
            { "DeleteWorkspace", "workspaces rm old --yes" },
            { "SetAccessUrl", "access-url set https://mesh.example.com" },
            { "DeleteToken", "tokens rm 0198c1e2000070008000000000000002 --yes" },
            { "AbandonWorkspace", "workspaces rm old --abandon --reason r --yes" },
        };

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task Every_write_has_a_fresh_request_id(string method, string command)
    {
        Server.Providers.All.AddRange([Sample.BuiltIn(), Sample.Moved()]);
        Server.Organizations.All.Add(Sample.Organization("acme", "built-in"));
        Server.Workspaces.All.Add(Sample.Workspace("old", WorkspaceState.Failed));

        await Mesh.Run(command.Split(' '));
        await Mesh.Run(command.Split(' '));

        Assert.All(
            Server.Writes,
            w => Assert.Equal((method, true), (w.Method, Guid.TryParseExact(w.RequestId, "n", out _)))
        );
        Assert.NotEmpty(Server.Writes);
        Assert.Distinct(Server.Writes.Select(w => w.RequestId));
    }

    [Fact]
    public void No_write_of_the_api_is_left_out()
    {
        var writes = new FileDescriptor[]
        {
            ProviderServiceReflection.Descriptor,
            OrganizationServiceReflection.Descriptor,
            WorkspaceServiceReflection.Descriptor,
            DeploymentServiceReflection.Descriptor,
            TokenServiceReflection.Descriptor,
        }
            .SelectMany(f => f.Services.Single().Methods)
            .Where(m => m.InputType.FindFieldByName("request_id") is not null);

        Assert.Equal(writes.Select(m => m.Name).Order(), Writes.Select(w => w.Data.Item1).Order());
    }
}
