using Coder.Mesh.Agent.V1;
using Coder.Mesh.Load.Agents;
using Coder.Mesh.Load.Floor;
using Google.Rpc;
using Grpc.Core;

namespace Coder.Mesh.Load.Tests;

public sealed class AgentCrowdTests
{
    private const int Agents = 20;

    [Fact]
    public async Task Twenty_agents_attach_to_the_floor_over_a_connection_each_and_every_heartbeat_is_answered()
    {
        await using var floor = await FloorServer.Start(0, TestContext.Current.CancellationToken);

        var events = await Run(floor.Address, TimeSpan.FromSeconds(3));

        Assert.Equal(
            [CrowdPhase.Attached, CrowdPhase.WindowOpened, CrowdPhase.WindowClosed],
            events.Select(e => e.Phase)
        );
        var counts = events[^1].Counts;
        Assert.Equal((Agents, Agents, Agents), (counts.Dialled, counts.Welcomed, counts.Attached));
        Assert.Equal(Agents, counts.ExpectedPerSecond);
        Assert.Empty(counts.EndedEarly);
        // Each beats first within its interval, then every second; one may be on its way when the window closes.
        Assert.InRange(counts.HeartbeatsSent, 2 * Agents, 5 * Agents);
        Assert.InRange(counts.HeartbeatsAnswered, counts.HeartbeatsSent - Agents, counts.HeartbeatsSent);
        Assert.Equal((0, 0), (counts.SnapshotsAnswered, counts.OtherFrames));
    }

    [Fact]
    public async Task Sessions_that_a_server_ends_are_counted_by_status_and_reason()
    {
        await using var server = await TestServer.Serve(new RefusingService());

        var events = await Run(new Uri(server.Urls.Single()), TimeSpan.FromMilliseconds(10));

        var counts = events[^1].Counts;
        Assert.Equal(0, counts.Attached);
        Assert.Equal(Agents, Assert.Contains("FailedPrecondition/NAMESPACE_TAKEN", counts.EndedEarly));
    }

    [Fact]
    public async Task A_session_that_ends_after_its_Welcome_counts_as_ended_early_too()
    {
        await using var server = await TestServer.Serve(new LeavingService());

        var events = await Run(new Uri(server.Urls.Single()), TimeSpan.FromSeconds(2));

        var counts = events[^1].Counts;
        Assert.Equal((Agents, 0), (counts.Welcomed, counts.Attached));
        Assert.Equal(0, counts.ExpectedPerSecond);
        Assert.Equal(Agents, Assert.Contains("OK", counts.EndedEarly));
    }

    [Fact]
    public async Task A_server_that_never_says_Welcome_holds_nobody_up_for_ever()
    {
        await using var server = await TestServer.Serve(new SilentService());

        var events = await Run(new Uri(server.Urls.Single()), TimeSpan.FromMilliseconds(10));

        Assert.Equal(Agents, Assert.Contains("no Welcome in time", events[^1].Counts.EndedEarly));
    }

    private static async Task<List<CrowdEvent>> Run(Uri target, TimeSpan duration)
    {
        var events = new List<CrowdEvent>();
        var options = new CrowdOptions
        {
            Target = target,
            Heartbeat = TimeSpan.FromSeconds(1),
            Duration = duration,
            Settle = TimeSpan.Zero,
            Ramp = 200,
            AttachLimit = TimeSpan.FromSeconds(5),
        };
        await new AgentCrowd(AgentIdentity.MadeUp(Agents), options, TimeProvider.System).Run(
            e =>
            {
                events.Add(e);
                return Task.CompletedTask;
            },
            TestContext.Current.CancellationToken
        );
        return events;
    }

    private sealed class RefusingService : AgentService.AgentServiceBase
    {
        public override Task Connect(
            IAsyncStreamReader<ConnectRequest> requestStream,
            IServerStreamWriter<ConnectResponse> responseStream,
            ServerCallContext context
        ) =>
            throw new Google.Rpc.Status
            {
                Code = (int)Code.FailedPrecondition,
                Details =
                {
                    Google.Protobuf.WellKnownTypes.Any.Pack(
                        new ErrorInfo { Reason = "NAMESPACE_TAKEN", Domain = "test" }
                    ),
                },
            }.ToRpcException();
    }

    private sealed class LeavingService : AgentService.AgentServiceBase
    {
        public override async Task Connect(
            IAsyncStreamReader<ConnectRequest> requestStream,
            IServerStreamWriter<ConnectResponse> responseStream,
            ServerCallContext context
        )
        {
            await responseStream.WriteAsync(new ConnectResponse { Welcome = new Welcome() });
            // Stays until the first heartbeat, so that the agents are attached for a while.
            while (await requestStream.MoveNext(context.CancellationToken))
                if (requestStream.Current.Heartbeat is not null)
                    return;
        }
    }

    private sealed class SilentService : AgentService.AgentServiceBase
    {
        public override async Task Connect(
            IAsyncStreamReader<ConnectRequest> requestStream,
            IServerStreamWriter<ConnectResponse> responseStream,
            ServerCallContext context
        )
        {
            while (await requestStream.MoveNext(context.CancellationToken)) { }
        }
    }
}
