using System.Diagnostics.Metrics;
using Coder.Mesh.Agent.V1;
using Coder.Mesh.ControlPlane.Agents;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Agents;

public sealed class FrameWriterTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SendQueue _outbound = new(answerCapacity: 16);
    private readonly HeldWriter _responses = new();

    private static readonly TimeSpan StuckAfter = TimeSpan.FromSeconds(30);
    private int _stuck;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_under_way_when_the_session_closes_is_let_end_for_the_agent_is_to_hear_why()
    {
        using var closing = new CancellationTokenSource();
        var running = Start(closing.Token);
        await _responses.Begun.WaitAsync(Ct);

        await closing.CancelAsync();
        _time.Advance(FrameWriter.LastWriteLimit - TimeSpan.FromTicks(1));
        var cut = _responses.Token.IsCancellationRequested;
        _responses.Release();
        await running.WaitAsync(Limit, Ct);

        Assert.False(cut);
        Assert.Equal(1, _responses.Writes);
    }

    [Fact]
    public async Task A_write_that_hangs_is_cut_a_moment_after_the_session_closes()
    {
        using var closing = new CancellationTokenSource();
        var running = Start(closing.Token);
        await _responses.Begun.WaitAsync(Ct);

        await closing.CancelAsync();
        _time.Advance(FrameWriter.LastWriteLimit);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Limit, Ct));
        Assert.True(_responses.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task An_agent_that_leaves_a_frame_unread_for_three_heartbeats_can_t_keep_up()
    {
        using var closing = new CancellationTokenSource();
        var running = Start(closing.Token);
        await _responses.Begun.WaitAsync(Ct);

        _time.Advance(StuckAfter - TimeSpan.FromTicks(1));
        var before = _stuck;
        _time.Advance(TimeSpan.FromTicks(1));
        _responses.Release();
        await closing.CancelAsync();
        await running
            .WaitAsync(Limit, Ct)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

        Assert.Equal((0, 1), (before, _stuck));
    }

    /// <summary>Two frames wait; the first is being written when this returns, or soon after.</summary>
    private Task Start(CancellationToken closing)
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        _outbound.TryControl(new ConnectResponse { HeartbeatAck = new HeartbeatAck() });
        _outbound.TryControl(new ConnectResponse { HeartbeatAck = new HeartbeatAck() });
        return new FrameWriter(_outbound, new AgentStreamMetrics(meters), StuckAfter, () => _stuck++, _time).Run(
            _responses,
            closing
        );
    }

    /// <summary>A stream whose writes end when the test says so, or are cancelled.</summary>
    private sealed class HeldWriter : IServerStreamWriter<ConnectResponse>
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Begun => _begun.Task;

        public CancellationToken Token { get; private set; }

        public int Writes { get; private set; }

        public WriteOptions? WriteOptions { get; set; }

        public void Release() => _released.TrySetResult();

        public Task WriteAsync(ConnectResponse message) => throw new NotSupportedException("Writes must be bounded.");

        public Task WriteAsync(ConnectResponse message, CancellationToken cancellationToken)
        {
            (Token, Writes) = (cancellationToken, Writes + 1);
            _begun.TrySetResult();
            return _released.Task.WaitAsync(cancellationToken);
        }
    }
}
