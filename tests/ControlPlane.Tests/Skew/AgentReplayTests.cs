using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Tests.Hosting;
using Coder.Mesh.Tests.Support.Frames;
using Coder.Mesh.Tests.Support.Postgres;
using Coder.Mesh.V1;
using Frame = Coder.Mesh.Agent.V1.ConnectResponse.FrameOneofCase;

namespace Coder.Mesh.ControlPlane.Tests.Skew;

/// <summary>Agents of released versions, by what they once said, against this control plane.</summary>
public sealed class AgentReplayTests(PostgresFixture postgres) : ControlPlaneTestBase(postgres)
{
    public static TheoryData<string> Recordings => [.. RecordedStep.Recordings()];

    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task An_agent_of_a_released_version_is_understood(string recording)
    {
        await using var plane = await TestControlPlane.Start(Postgres, Ct);
        var (provider, token) = await plane.BuiltIn(Ct);
        var steps = RecordedStep.Read(recording);
        var replay = new Replay(plane, token, steps);

        foreach (var step in steps)
            await replay.Take(step);

        Assert.True(replay.Answered > 0);
        await replay.AssertTimelines();
        Assert.Contains(
            (
                await plane.Providers.ListHistoryAsync(
                    new() { Provider = provider },
                    plane.Admin,
                    cancellationToken: Ct
                )
            ).Entries,
            e => e.Type == "presence.status_changed.v1" && e.Summary.Contains("Ready", StringComparison.Ordinal)
        );
        replay.Dispose();
    }

    private sealed class Replay(TestControlPlane plane, string token, IReadOnlyList<RecordedStep> steps) : IDisposable
    {
        /// <summary>Names of workspaces by the ids that they had then.</summary>
        private readonly Dictionary<string, string> _names = steps
            .OfType<RecordedStep.Down>()
            .Select(d => d.Frame.WorkspaceDesired)
            .OfType<WorkspaceDesired>()
            .DistinctBy(d => d.WorkspaceId)
            .ToDictionary(d => d.WorkspaceId, d => d.Name);

        private readonly Dictionary<string, string> _ids = [];
        private readonly List<ConnectResponse> _unread = [];
        private TestAgent? _agent;

        /// <summary>Frames of the control plane that came as they did then.</summary>
        public int Answered { get; private set; }

        public async Task Take(RecordedStep step)
        {
            switch (step)
            {
                case RecordedStep.Up up:
                    await (_agent ??= TestAgent.Open(plane, token)).Send(Now(up.Frame), Ct);
                    break;
                case RecordedStep.Down { Frame.ObservedAck: { } then }:
                    await Acknowledged(_ids[_names[then.WorkspaceId]], then.Version);
                    Answered++;
                    break;
                case RecordedStep.Down down:
                    Same(down.Frame, await Next(down.Frame));
                    Answered++;
                    break;
                case RecordedStep.Ask { Call: var call }:
                    // The call may have been made when the answer to the Hello was still under way.
                    await UntilStatus(plane, "built-in", ProviderStatus.Ready);
                    var workspace = await RecordedCalls.Make(plane.Workspaces, plane.Admin, call, Ct);
                    _ids[workspace.Name] = workspace.Id;
                    break;
                case RecordedStep.See { State: var state }:
                    await See(state.Split(' ')[0], state.Split(' ')[1]);
                    break;
                case RecordedStep.Cut:
                    Dispose();
                    break;
            }
        }

        /// <summary>What the agent has told of each workspace is in its timeline.</summary>
        public async Task AssertTimelines()
        {
            foreach (var (id, name) in _names)
            {
                var told = steps
                    .OfType<RecordedStep.Up>()
                    .Where(s => s.Frame.WorkspaceObserved?.WorkspaceId == id)
                    .SelectMany(s => s.Frame.WorkspaceObserved.Timeline)
                    .Select(e => (e.Stage, e.Code, e.Message))
                    .ToList();
                var kept = await plane.Workspaces.ListTimelineAsync(
                    new() { Workspace = _ids[name] },
                    plane.Admin,
                    cancellationToken: Ct
                );
                Assert.NotEmpty(told);
                Assert.Empty(told.Except(kept.Items.Select(e => (e.Entry.Stage, e.Entry.Code, e.Entry.Message))));
            }
        }

        public void Dispose()
        {
            _agent?.Dispose();
            _agent = null;
            _unread.Clear();
        }

        private Task See(string name, string outcome) =>
            name == "built-in"
                ? UntilStatus(plane, name, Enum.Parse<ProviderStatus>(outcome))
                : UntilState(plane, _ids[name], Enum.Parse<WorkspaceState>(outcome));

        // With the ids that the workspaces have here.
        private ConnectRequest Now(ConnectRequest recorded)
        {
            var frame = recorded.Clone();
            foreach (var workspace in frame.Snapshot?.Workspaces ?? [])
                workspace.WorkspaceId = _ids[_names[workspace.WorkspaceId]];
            if (frame.WorkspaceObserved is { } observed)
                observed.WorkspaceId = _ids[_names[observed.WorkspaceId]];
            return frame;
        }

        /// <summary>
        /// The next frame of the kind, and of the same workspace if it is about one; what comes before it waits.
        /// </summary>
        private async Task<ConnectResponse> Next(ConnectResponse recorded)
        {
            var wanted = About(recorded) is { } id ? _ids[_names[id]] : null;
            while (true)
            {
                var found = _unread.FindIndex(f =>
                    f.FrameCase == recorded.FrameCase && About(f) == wanted && Generation(f) >= Generation(recorded)
                );
                if (found >= 0)
                {
                    var frame = _unread[found];
                    _unread.RemoveAt(found);
                    return frame;
                }

                await Read();
            }
        }

        /// <summary>
        /// Reports that come close together are stored as one, so that the last one's acknowledgement is for all.
        /// </summary>
        private async Task Acknowledged(string id, ulong version)
        {
            while (!_unread.Exists(f => f.ObservedAck is { } ack && ack.WorkspaceId == id && ack.Version >= version))
                await Read();
        }

        private async Task Read() => _unread.Add(await _agent!.Next(Ct).WaitAsync(TimeSpan.FromSeconds(30), Ct));

        // A wish may be sent twice: with the answer to a snapshot, and because its call rang.
        private static ulong Generation(ConnectResponse frame) =>
            frame.WorkspaceDesired?.Generation ?? frame.WorkspaceRemoved?.Generation ?? 0;

        private static string? About(ConnectResponse frame) =>
            frame.FrameCase switch
            {
                Frame.WorkspaceDesired => frame.WorkspaceDesired.WorkspaceId,
                Frame.WorkspaceRemoved => frame.WorkspaceRemoved.WorkspaceId,
                _ => null,
            };

        private static void Same(ConnectResponse then, ConnectResponse now)
        {
            Assert.Equal(then.WorkspaceDesired?.Generation, now.WorkspaceDesired?.Generation);
            Assert.Equal(then.WorkspaceDesired?.Power, now.WorkspaceDesired?.Power);
            Assert.Equal(then.WorkspaceDesired?.Spec, now.WorkspaceDesired?.Spec);
            Assert.Equal(then.WorkspaceRemoved?.Generation, now.WorkspaceRemoved?.Generation);
            Assert.Equal(then.Welcome?.ProtocolVersion, now.Welcome?.ProtocolVersion);
        }
    }
}
