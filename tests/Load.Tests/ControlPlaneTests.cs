using System.Collections.Concurrent;
using Coder.Mesh.Load.Compare;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.Load.Tests;

public sealed class ControlPlaneTests : IDisposable
{
    private const string AdminToken = "mat_admin";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mesh-load-tests-");

    [Fact]
    public async Task A_provider_is_created_for_each_agent_with_the_admin_token_of_the_data_folder()
    {
        var service = new FakeProviders(AdminToken);

        var identities = await Provision(service, AdminToken, count: 25);

        Assert.Equal(25, service.Names.Distinct().Count());
        Assert.All(service.Names, name => Assert.Matches("^load-[0-9]{5}$", name));
        Assert.Equal(service.Names.Select(name => $"mpt_{name}").Order(), identities.Select(i => i.Token).Order());
    }

    [Fact]
    public async Task A_refused_create_is_told_in_the_control_planes_words_and_without_the_token()
    {
        var e = await Assert.ThrowsAsync<LoadException>(() => Provision(new FakeProviders("another"), AdminToken, 3));

        Assert.Contains("Unauthenticated, who are you", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(AdminToken, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_PostgreSQL_has_none()
    {
        Assert.Null(Proc.PostgresSample.Read(_folder.FullName));
        Assert.Null(Proc.PostgresSample.Read(Path.Combine(_folder.FullName, "missing")));
    }

    [Fact]
    public void A_pid_file_that_names_another_program_is_no_PostgreSQL()
    {
        var data = _folder.CreateSubdirectory("postgres/data").FullName;
        File.WriteAllText(Path.Combine(data, "postmaster.pid"), $"{Environment.ProcessId}\n{data}\n");

        Assert.Null(Proc.PostgresSample.Postmaster(_folder.FullName));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<IReadOnlyList<Agents.AgentIdentity>> Provision(FakeProviders service, string token, int count)
    {
        var ct = TestContext.Current.CancellationToken;
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "admin-token"), token + "\n", ct);
        await using var app = await TestServer.Serve(service);
        var nothing = new Dictionary<string, string?>();
        var process = ChildProcess.Start("a stand-in", ["cat"], nothing, readsOutput: false, TimeProvider.System);
        var address = new Uri(app.Urls.Single());
        await using var server = new ServerUnderTest(process, address, _folder.FullName, TimeProvider.System);
        var controlPlane = new ControlPlane("unused", _folder.FullName, TimeProvider.System);
        return await controlPlane.Provision(server, count, ct);
    }

    private sealed class FakeProviders(string token) : ProviderService.ProviderServiceBase
    {
        public ConcurrentBag<string> Names { get; } = [];

        public override Task<CreateProviderResponse> CreateProvider(
            CreateProviderRequest request,
            ServerCallContext context
        )
        {
            if (context.RequestHeaders.GetValue("authorization") != $"Bearer {token}")
                throw new RpcException(new Status(StatusCode.Unauthenticated, "who are you"));
            Names.Add(request.Name);
            return Task.FromResult(new CreateProviderResponse { Token = $"mpt_{request.Name}" });
        }
    }
}
