using Coder.Mesh.ControlPlane.Api.Calls;
using Coder.Mesh.ControlPlane.Hosting;
using Coder.Mesh.ControlPlane.Observability;
using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Workspaces;
using Coder.Mesh.Tests.Support.Postgres;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Status = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Coder.Mesh.ControlPlane.Tests.Hosting;

/// <summary>Health as gRPC clients and balancers ask for it.</summary>
public sealed class GrpcHealthTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private static readonly string[] Names = ["", .. GrpcHealth.Services];

    [Fact]
    public async Task Every_service_of_ours_that_is_served_has_a_health_of_its_own()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var served = plane
            .Services.GetRequiredService<EndpointDataSource>()
            .Endpoints.Select(e => e.Metadata.GetMetadata<GrpcMethodMetadata>()?.Method.ServiceName)
            .Where(s => s?.StartsWith("coder.", StringComparison.Ordinal) == true)
            .Distinct();

        Assert.Equal(GrpcHealth.Services.Order(StringComparer.Ordinal), served.Order(StringComparer.Ordinal));
        Assert.Equal(Names.Select(_ => Status.Serving), await Check(plane));
    }

    [Fact]
    public async Task A_service_that_is_not_served_is_unknown()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);

        var error = await Assert.ThrowsAsync<RpcException>(() => Check(plane, "coder.mesh.v1.NobodyService"));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Fact]
    public async Task Nothing_serves_while_the_store_is_away_and_all_does_when_it_is_back()
    {
        // A server of its own, for it is killed.
        await using var killable = new PostgresFixture();
        await using var plane = await TestControlPlane.Start(killable, Ct);
        var watches = Names.Select(n => new Watched(plane, n, Ct)).ToList();
        foreach (var watch in watches)
            await watch.Until(Status.Serving);

        await killable.Kill(Ct);
        foreach (var watch in watches)
            await watch.Until(Status.NotServing);
        var away = await Check(plane);
        await killable.Restart(Ct);
        foreach (var watch in watches)
            await watch.Until(Status.Serving);
        var back = await Check(plane);

        Assert.Equal(Names.Select(_ => Status.NotServing), away);
        Assert.Equal(Names.Select(_ => Status.Serving), back);
        // The store says once that it is away; its check would each second.
        Assert.DoesNotContain("Health check", plane.Log, StringComparison.Ordinal);
        watches.ForEach(w => w.Dispose());
    }

    [Fact]
    public async Task Nothing_serves_from_the_moment_that_the_replica_begins_to_drain()
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var watches = Names.Select(n => new Watched(plane, n, Ct)).ToList();
        foreach (var watch in watches)
            await watch.Until(Status.Serving);

        // What a hand-over of agents begins with; the server itself goes on until it is done.
        plane.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        var draining = await Check(plane);
        foreach (var watch in watches)
            await watch.Until(Status.NotServing);

        Assert.Equal(Names.Select(_ => Status.NotServing), draining);
        foreach (var watch in watches)
            Assert.True(await watch.Ends());
        watches.ForEach(w => w.Dispose());
    }

    private static async Task<IEnumerable<Status>> Check(TestControlPlane plane) =>
        await Task.WhenAll(Names.Select(n => Check(plane, n)));

    private static async Task<Status> Check(TestControlPlane plane, string service) =>
        (
            await new Health.HealthClient(plane.Channel).CheckAsync(
                new HealthCheckRequest { Service = service },
                cancellationToken: Ct
            )
        ).Status;

    private sealed class Watched(TestControlPlane plane, string service, CancellationToken ct) : IDisposable
    {
        private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

        private readonly AsyncServerStreamingCall<HealthCheckResponse> _call = new Health.HealthClient(
            plane.Channel
        ).Watch(new HealthCheckRequest { Service = service }, cancellationToken: ct);

        public async Task Until(Status status)
        {
            while (await _call.ResponseStream.MoveNext(ct).WaitAsync(Limit, ct))
            {
                if (_call.ResponseStream.Current.Status == status)
                    return;
            }

            Assert.Fail($"The watch of \"{service}\" ended before it was {status}.");
        }

        public async Task<bool> Ends() => !await _call.ResponseStream.MoveNext(ct).WaitAsync(Limit, ct);

        public void Dispose() => _call.Dispose();
    }
}
