using Coder.Mesh.ControlPlane.Api;
using Coder.Mesh.ControlPlane.Watches;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Watches;

public sealed class SinkTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly HeldWriter _messages = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_write_under_way_when_the_watch_ends_is_let_end_for_the_caller_is_to_hear_why()
    {
        using var ending = new CancellationTokenSource();
        using var sink = new TimedStreamWriter<string>(_messages, Limit, _time);
        var write = sink.Write("change", ending.Token);

        await ending.CancelAsync();
        _time.Advance(TimedStreamWriter<string>.LastWriteLimit - TimeSpan.FromTicks(1));
        var cut = _messages.Token.IsCancellationRequested;
        _messages.Release();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.WaitAsync(Limit, Ct));
        Assert.False(cut);
        Assert.False(_messages.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task A_write_that_hangs_is_cut_a_moment_after_the_watch_has_to_end()
    {
        using var ending = new CancellationTokenSource();
        using var sink = new TimedStreamWriter<string>(_messages, Limit, _time);
        var write = sink.Write("change", ending.Token);

        await ending.CancelAsync();
        _time.Advance(TimedStreamWriter<string>.LastWriteLimit);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.WaitAsync(Limit, Ct));
        Assert.True(_messages.Token.IsCancellationRequested);
    }

    [Fact]
    public async Task Nothing_is_written_any_more_once_the_watch_has_to_end()
    {
        using var ending = new CancellationTokenSource();
        using var sink = new TimedStreamWriter<string>(_messages, Limit, _time);
        await ending.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sink.Write("change", ending.Token));

        Assert.Equal(0, _messages.Writes);
    }

    [Fact]
    public async Task A_message_that_nobody_reads_in_time_is_not_taken()
    {
        using var sink = new TimedStreamWriter<string>(_messages, Limit, _time);
        var write = sink.Write("change", Ct);

        _time.Advance(Limit);

        Assert.False(await write.WaitAsync(Limit, Ct));
    }

    private sealed class HeldWriter : IServerStreamWriter<string>
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public WriteOptions? WriteOptions { get; set; }

        public CancellationToken Token { get; private set; }

        public int Writes { get; private set; }

        public void Release() => _held.TrySetResult();

        public Task WriteAsync(string message) => WriteAsync(message, CancellationToken.None);

        public Task WriteAsync(string message, CancellationToken cancellationToken)
        {
            (Token, Writes) = (cancellationToken, Writes + 1);
            return _held.Task.WaitAsync(cancellationToken);
        }
    }
}
