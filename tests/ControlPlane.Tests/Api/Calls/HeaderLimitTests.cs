using Coder.Mesh.ControlPlane.Tests.Api;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.ControlPlane.Tests.Watches;
using Coder.Mesh.Protocol;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Grpc.Core;

namespace Coder.Mesh.ControlPlane.Tests.Api.Calls;

/// <summary>A call with too much metadata is refused, and nothing else on its connection notices.</summary>
public sealed class HeaderLimitTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    private const int Times = 10;

    [Theory]
    [InlineData(1, 9_000)]
    [InlineData(1, 100_000)]
    [InlineData(10, 20_000)]
    [InlineData(200, 10)]
    public async Task Only_that_call_is_refused_and_a_watch_beside_it_goes_on(int entries, int length)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        await plane.CreateProvider("west", Ct);
        using var watch = await WatchProbe.Providers(plane, Ct, new() { Provider = "west" });
        var headers = plane.Admin;
        for (var i = 0; i < entries; i++)
            headers.Add($"x-{i}", new string('x', length));

        for (var i = 0; i < Times; i++)
        {
            var error = await Assert.ThrowsAsync<RpcException>(async () =>
                await plane.Deployment.GetDeploymentAsync(new GetDeploymentRequest(), headers, cancellationToken: Ct)
            );
            Assert.Equal((StatusCode.InvalidArgument, ErrorReasons.HeadersTooLarge), (error.StatusCode, Reason(error)));
        }

        await plane.Providers.CordonProviderAsync(
            new() { Provider = "west", Reason = "still told" },
            plane.Admin,
            cancellationToken: Ct
        );
        Assert.Equal("still told", (await watch.Next(Ct)).Provider.Cordon?.Reason);
        Assert.Equal(
            [ErrorReasons.HeadersTooLarge],
            plane.LogRecords.Where(l => l.Id.Id == 2001).Select(l => l.GetStructuredStateValue("Reason"))
        );
    }
}
