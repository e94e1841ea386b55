using Coder.Mesh.ControlPlane.Base;
using Coder.Mesh.ControlPlane.Storage;
using Microsoft.Extensions.Time.Testing;

namespace Coder.Mesh.ControlPlane.Tests.Storage;

public sealed class BatcherTests : IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly List<int[]> _batches = [];
    private readonly SemaphoreSlim _running = new(0);
    private readonly SemaphoreSlim _release = new(0);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _running.Dispose();
        _release.Dispose();
    }

    [Fact]
    public async Task Requests_that_wait_are_run_together_and_each_gets_its_own_result()
    {
        var batcher = Batcher();
        var first = batcher.Run(1, Ct);
        await Running();
        var others = Enumerable.Range(2, 3).Select(n => batcher.Run(n, Ct)).ToList();

        _release.Release(10);

        Assert.Equal(10, (await first).Value);
        Assert.Equal([20, 30, 40], (await Task.WhenAll(others)).Select(r => r.Value));
        Assert.Equal(
            [
                [1],
                [2, 3, 4],
            ],
            _batches
        );
    }

    [Fact]
    public async Task No_batch_is_larger_than_its_limit()
    {
        var batcher = Batcher(size: 2);
        var all = new List<Task<Result<int>>> { batcher.Run(1, Ct) };
        await Running();
        all.AddRange(Enumerable.Range(2, 3).Select(n => batcher.Run(n, Ct)));

        _release.Release(10);
        await Task.WhenAll(all);

        Assert.Equal(
            [
                [1],
                [2, 3],
                [4],
            ],
            _batches
        );
    }

    [Fact]
    public async Task A_request_whose_caller_has_left_is_not_run()
    {
        using var leaves = new CancellationTokenSource();
        var batcher = Batcher();
        var first = batcher.Run(1, Ct);
        await Running();
        var left = batcher.Run(2, leaves.Token);
        var stays = batcher.Run(3, Ct);

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        _release.Release(10);
        await Task.WhenAll(first, stays);

        Assert.Equal(
            [
                [1],
                [3],
            ],
            _batches
        );
    }

    [Fact]
    public async Task A_request_that_has_waited_too_long_is_refused_instead_of_run()
    {
        var batcher = Batcher();
        var first = batcher.Run(1, Ct);
        await Running();
        var late = batcher.Run(2, Ct);

        _time.Advance(MaxWait + TimeSpan.FromMilliseconds(1));
        _release.Release(10);

        Assert.Equal(10, (await first).Value);
        Assert.Equal("FULL", (await late).Error?.Reason);
        Assert.Equal(
            [
                [1],
            ],
            _batches
        );
    }

    [Fact]
    public async Task While_all_workers_are_busy_no_more_requests_wait_than_there_is_room_for()
    {
        var batcher = Batcher(maxWaiting: 1);
        var first = batcher.Run(1, Ct);
        await Running();
        var waits = batcher.Run(2, Ct);

        Assert.Equal("FULL", (await batcher.Run(3, Ct)).Error?.Reason);
        _release.Release(10);
        Assert.Equal([10, 20], (await Task.WhenAll(first, waits)).Select(r => r.Value));
    }

    [Fact]
    public async Task A_request_that_fails_fails_no_other_of_its_batch()
    {
        var batcher = Batcher(fails: 3);
        var first = batcher.Run(1, Ct);
        await Running();
        var others = Enumerable.Range(2, 3).Select(n => batcher.Run(n, Ct)).ToList();

        _release.Release(10);

        await first;
        Assert.Equal(20, (await others[0]).Value);
        await Assert.ThrowsAsync<InvalidOperationException>(() => others[1]);
        Assert.Equal(40, (await others[2]).Value);
        Assert.Equal(
            [
                [1],
                [2, 3, 4],
                [2],
                [3, 4],
                [3],
                [4],
            ],
            _batches
        );
    }

    [Fact]
    public async Task Requests_with_one_key_are_run_one_after_the_other()
    {
        var batcher = Batcher(key: n => $"{n % 10}");
        var first = batcher.Run(1, Ct);
        await Running();
        var others = new[] { 2, 12, 3, 22 }.Select(n => batcher.Run(n, Ct)).ToList();

        _release.Release(10);

        await first;
        Assert.Equal([20, 120, 30, 220], (await Task.WhenAll(others)).Select(r => r.Value));
        Assert.Equal(
            [
                [1],
                [2, 3],
                [12],
                [22],
            ],
            _batches
        );
    }

    [Fact]
    public async Task The_result_of_a_request_whose_caller_has_left_while_it_ran_is_handed_back()
    {
        using var leaves = new CancellationTokenSource();
        var returned = new TaskCompletionSource<int>();
        var batcher = Batcher(unclaimed: result =>
        {
            returned.SetResult(result);
            return Task.CompletedTask;
        });
        var left = batcher.Run(1, leaves.Token);
        await Running();

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        _release.Release(10);

        Assert.Equal(10, await returned.Task.WaitAsync(TimeSpan.FromSeconds(30), Ct));
    }

    [Fact]
    public async Task Nobody_waits_for_a_database_that_is_unavailable()
    {
        using var health = new StoreHealth(_time);
        var batcher = Batcher(health: health);
        var first = batcher.Run(1, Ct);
        await Running();
        var waits = batcher.Run(2, Ct);

        health.ReportUnavailable();

        Assert.Equal(StoreFailure.Unavailable, (await waits).Error);
        Assert.Equal(StoreFailure.Unavailable, (await first).Error);
    }

    /// <summary>A batch of 10 takes a second: 50 requests wait 5 s.</summary>
    [Fact]
    public void A_crowd_is_refused_with_the_times_at_which_it_can_be_served()
    {
        var rate = new BatchRate(new BatchLimits(10, Workers: 1, int.MaxValue, MaxWait), _time);
        rate.Ran(TimeSpan.FromSeconds(1));

        Assert.False(rate.IsTooLong(50));
        Assert.True(rate.IsTooLong(51));
        var delays = Enumerable.Range(0, 100).Select(_ => rate.Delay(50).TotalSeconds).ToList();

        Assert.Equal(Enumerable.Range(1, 100).Select(n => 5 + (n / 10d)), delays, (a, b) => Math.Abs(a - b) < 0.001);
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(1, rate.Delay(0).TotalSeconds, tolerance: 0.001);
    }

    /// <summary>The first batch after a start is slow, and must not keep the next ones small for long.</summary>
    [Fact]
    public void A_slow_batch_is_soon_forgotten()
    {
        var rate = new BatchRate(new BatchLimits(256, Workers: 1, int.MaxValue, MaxWait), _time);
        rate.Ran(TimeSpan.FromSeconds(10));
        Assert.True(rate.IsTooLong(200));

        for (var i = 0; i < 7; i++)
            rate.Ran(TimeSpan.FromMilliseconds(20));

        Assert.False(rate.IsTooLong(10_000));
    }

    [Fact]
    public void No_delay_is_longer_than_a_minute()
    {
        var rate = new BatchRate(new BatchLimits(10, Workers: 1, int.MaxValue, MaxWait), _time);
        rate.Ran(TimeSpan.FromSeconds(100));

        Assert.All(Enumerable.Range(0, 50), _ => Assert.InRange(rate.Delay(100).TotalSeconds, 1, 60));
    }

    private Batcher<int, int> Batcher(
        int size = 10,
        int maxWaiting = int.MaxValue,
        int fails = 0,
        StoreHealth? health = null,
        Func<int, string>? key = null,
        Func<int, Task>? unclaimed = null
    ) =>
        new(
            new BatchLimits(size, Workers: 1, maxWaiting, MaxWait),
            async (batch, _) =>
            {
                _batches.Add([.. batch]);
                _running.Release();
                await _release.WaitAsync(Ct);
                return batch.Contains(fails)
                    ? throw new InvalidOperationException("bad")
                    : [.. batch.Select(n => n * 10)];
            },
            delay => new Error(ErrorKind.ResourceExhausted, "FULL", $"{delay}"),
            health ?? new StoreHealth(_time),
            _time,
            key,
            unclaimed
        );

    private async Task Running() => Assert.True(await _running.WaitAsync(TimeSpan.FromSeconds(30), Ct));
}
