using Coder.Mesh.Agent.Reconcile;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.Agent.Tests.Reconcile;

public sealed class KeyedQueueTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly KeyedQueue _queue;

    public KeyedQueueTests() => _queue = new KeyedQueue(_time, maxRepeats: 1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _queue.Dispose();

    [Fact]
    public async Task Key_waits_once_however_often_it_is_added()
    {
        _queue.Add("a");
        _queue.Add("a");
        _queue.Add("b");

        Assert.Equal("a", await _queue.Take(Ct));
        Assert.Equal("b", await _queue.Take(Ct));
        Assert.False(_queue.Take(Ct).IsCompleted);
    }

    [Fact]
    public async Task Key_that_is_worked_on_is_handed_out_again_only_when_done()
    {
        _queue.Add("a");
        await _queue.Take(Ct);
        _queue.Add("a");
        var again = _queue.Take(Ct);
        Assert.False(again.IsCompleted);

        _queue.Done("a");

        Assert.Equal("a", await again);
    }

    [Fact]
    public async Task Delayed_key_comes_when_due()
    {
        _queue.AddLater("a", TimeSpan.FromSeconds(5));
        var take = _queue.Take(Ct);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(take.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Equal("a", await take);
    }

    [Fact]
    public async Task Key_added_meanwhile_takes_the_place_of_its_delayed_self()
    {
        _queue.AddLater("a", TimeSpan.FromSeconds(5));
        _queue.Add("a");
        await _queue.Take(Ct);
        _queue.Done("a");

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.False(_queue.Take(Ct).IsCompleted);
    }

    [Fact]
    public async Task What_was_put_off_leaves_workers_for_what_comes_anew()
    {
        _queue.AddLater("slow1", TimeSpan.FromSeconds(1));
        _queue.AddLater("slow2", TimeSpan.FromSeconds(1));
        _queue.AddLater("slow3", TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        var first = await _queue.Take(Ct);
        var next = _queue.Take(Ct);
        Assert.False(next.IsCompleted);

        _queue.Add("new");
        Assert.Equal("new", await next);
        var another = _queue.Take(Ct);
        Assert.False(another.IsCompleted);
        _queue.Done(first);
        var second = await another;
        var third = _queue.Take(Ct);
        Assert.False(third.IsCompleted);
        _queue.Done(second);

        Assert.Equal(["slow1", "slow2", "slow3"], new[] { first, second, await third }.Order());
    }

    [Fact]
    public async Task What_was_put_off_and_comes_anew_is_handed_out_once_and_at_once()
    {
        _queue.AddLater("slow1", TimeSpan.FromSeconds(1));
        _queue.AddLater("slow2", TimeSpan.FromSeconds(2));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("slow1", await _queue.Take(Ct));
        _time.Advance(TimeSpan.FromSeconds(1));

        _queue.Add("slow2");

        Assert.Equal("slow2", await _queue.Take(Ct));
        _queue.Done("slow1");
        _queue.Done("slow2");
        Assert.False(_queue.Take(Ct).IsCompleted);
    }
}
