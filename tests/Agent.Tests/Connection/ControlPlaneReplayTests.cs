using System.Net;
using Coder.Mesh.Agent.Configuration;
using Coder.Mesh.Agent.Simulated;
using Coder.Mesh.Agent.Tests.Fakes;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.Tests.Support.Frames;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Frame = Coder.Mesh.Agent.V1.ConnectRequest.FrameOneofCase;

namespace Coder.Mesh.Agent.Tests.Connection;

/// <summary>
/// Control planes of released versions, by what they once said, against this agent and its simulated cluster.
/// </summary>
public sealed class ControlPlaneReplayTests
{
    public static TheoryData<string> Recordings => [.. RecordedStep.Recordings()];

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task A_control_plane_of_a_released_version_is_understood(string recording)
    {
        await using var server = await FakeControlPlane.Start();
        var options = new AgentOptions
        {
            AccessUrl = server.Address,
            Token = new Secret("mpt_secret"),
            Cluster = ClusterKind.Simulated,
            Simulated = Simulated(recording),
            // It failed at once then.
            PendingTimeout = TimeSpan.FromMilliseconds(100),
            HealthAddress = new IPEndPoint(IPAddress.Loopback, 0),
        };
        var agent = AgentHost.Build(options, services => services.AddLogging(l => l.ClearProviders()));
        await agent.StartAsync(TestContext.Current.CancellationToken);
        var replay = new Replay(server, agent);

        foreach (var step in RecordedStep.Read(recording))
            await replay.Take(step);

        Assert.True(replay.Reported > 0);
        await agent.DisposeAsync();
    }

    // Its cluster stages what the one of then did.
    private static SimulatedOptions Simulated(string recording)
    {
        var errors = new List<string>();
        var script = SimulationFile.Read(RecordedStep.ScriptOf(recording), "script", errors);
        Assert.Empty(errors);
        return new()
        {
            Capacity = script!.Capacity,
            Failures = script.Failures,
            Conditions = script.Conditions,
        };
    }

    private sealed class Replay(FakeControlPlane server, WebApplication agent)
    {
        private readonly Dictionary<string, WorkspaceObserved> _observed = [];
        private readonly List<WorkspaceObserved> _unclaimed = [];
        private FakeSession? _session;
        private Task? _stopping;

        /// <summary>Frames of the agent that came as they did then.</summary>
        public int Reported { get; private set; }

        public async Task Take(RecordedStep step)
        {
            switch (step)
            {
                case RecordedStep.Up { Frame: { FrameCase: Frame.Heartbeat } }:
                    break;
                case RecordedStep.Up { Frame: { FrameCase: Frame.Goodbye } }:
                    _stopping = agent.StopAsync(TestContext.Current.CancellationToken);
                    await Next(Frame.Goodbye);
                    break;
                case RecordedStep.Up { Frame: { WorkspaceObserved: { } then } }:
                    await Observed(then);
                    break;
                case RecordedStep.Up { Frame: var then }:
                    var now = await Next(then.FrameCase);
                    Assert.Equal(
                        then.Snapshot?.Workspaces.Select(w => (w.WorkspaceId, w.Generation, w.State)),
                        now.Snapshot?.Workspaces.Select(w => (w.WorkspaceId, w.Generation, w.State))
                    );
                    Reported++;
                    break;
                case RecordedStep.Down { Frame: { ObservedAck: { } ack } frame }:
                    ack.Version = _observed[ack.WorkspaceId].Version;
                    await _session!.Send(frame);
                    break;
                case RecordedStep.Down { Frame: var frame }:
                    await _session!.Send(frame);
                    break;
                case RecordedStep.Cut:
                    _session!.Break();
                    _session = null;
                    break;
            }
        }

        /// <summary>
        /// Waits for the state that was reported then; states on the way to it may be others, and so may the order of
        /// workspaces.
        /// </summary>
        private async Task Observed(WorkspaceObserved then)
        {
            int found;
            while ((found = _unclaimed.FindIndex(now => Same(now, then))) < 0)
                _unclaimed.Add((await Next(Frame.WorkspaceObserved)).WorkspaceObserved);
            _observed[then.WorkspaceId] = _unclaimed[found];
            _unclaimed.RemoveAt(found);
            Reported++;
        }

        private static bool Same(WorkspaceObserved now, WorkspaceObserved then) =>
            (now.WorkspaceId, now.Generation, now.State, now.Code)
            == (then.WorkspaceId, then.Generation, then.State, then.Code);

        private async Task<ConnectRequest> Next(Frame kind)
        {
            _session ??= await server.NextSession();
            ConnectRequest frame;
            do frame = await _session.Next();
            while (frame.FrameCase != kind);
            return frame;
        }
    }
}
